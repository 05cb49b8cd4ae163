"""What of a command line is Hydra's own: `hydra/launcher=NAME`, `hydra.sweep.dir=DIR`, and what of it is taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.mistakes import UserMistake
from harness.composition.overrides import MisfitError, refuse_unreadable
from harness.system.files import FileError, read_text
from harness.system.text import printable

GROUPS = ("launcher", "sweeper", "callbacks", "job_logging", "hydra_logging")
# Of a multirun alone; the rest is taken by single runs too.
OF_MULTIRUN = ("hydra/launcher", "hydra/sweeper", "hydra.launcher", "hydra.sweeper", "hydra.sweep")
TAKEN = (
    *(f"hydra/{group}" for group in GROUPS),
    *(f"hydra.{group}" for group in GROUPS),
    *("hydra.sweep.dir", "hydra.sweep.subdir", "hydra.job.env_set", "hydra.job.name", "hydra.job.config"),
)
# What is not taken, and what to do instead.
REFUSED = {
    "hydra.run": "the folder of a run is out=FOLDER, or one below results_root=FOLDER",
    "hydra.mode": "give -m, or leave it out",
    "hydra.searchpath": "give --config-dir DIR for each folder",
    "hydra.job.chdir": "arms run in the folders of their run, and twinrun stays in yours",
    "hydra.job.env_copy": "state the variables: +hydra.job.env_set.NAME=VALUE; local jobs inherit the environment",
    "hydra.output_subdir": "a run's folder has its experiment.json, and a sweep's its sweep.json, in place of .hydra",
    "hydra/output": "state hydra.sweep.dir=DIR and hydra.sweep.subdir=DIR",
    "hydra/env": "state +hydra.job.env_set.NAME=VALUE",
    "hydra.verbose": "state a level: hydra.job_logging.root.level=DEBUG",
    "hydra.help": "twinrun VERB --help is its help",
    "hydra/help": "twinrun VERB --help is its help",
    "hydra.hydra_help": "twinrun VERB --help is its help",
    "hydra/hydra_help": "twinrun VERB --help is its help",
    **dict.fromkeys(("hydra.overrides", "hydra.runtime", "hydra.job"), "Hydra sets it, for each job"),
}
OF_A_SWEEP = ("launcher", "sweeper", "callbacks", "job.env_set")
BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
FOREIGN = "this can name code that runs (_target_, environments, classes of loggers); give --trust to let it"
_SPEAKS_OF_HYDRA = re.compile(r"^\s*hydra\s*:|hydra/", re.MULTILINE)


@dataclass(frozen=True)
class HydraNode:
    """Hydra's node of a command line. `choices`: of its groups; `typed`: the overrides that it was composed of."""

    tree: Mapping[str, Any]
    choices: Mapping[str, Any]
    typed: tuple[str, ...] = ()
    chosen: tuple[str, ...] = field(default=())

    @property
    def says_logging(self) -> bool:
        """Whether logging in jobs was asked for; a job else logs nothing."""
        return any("job_logging" in text for text in self.typed)

    def resolved(self, beside: Mapping[str, Any], *keys: str, **job: Any) -> dict[str, Any]:
        """What the node has at `keys`, by default at `OF_A_SWEEP`, with interpolations replaced.

        `beside`: values of the root; `job`: fields of `hydra.job`, and `output_dir`, the folder of a job's logs.
        Raises UserMistake where one cannot be resolved.
        """
        from hydra.core.utils import setup_globals
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        setup_globals()  # the resolvers of Hydra, such as now
        parts = {name: self.tree[name] for name in ("launcher", "sweeper", "callbacks", "sweep", "job_logging")}
        parts["job"] = {**self.tree["job"], "id": "???", "num": "???", **job}
        parts["runtime"] = {**self.tree["runtime"], "output_dir": job.get("output_dir", "???"), "choices": self.choices}
        config = OmegaConf.create({**beside, "hydra": parts})
        found: dict[str, Any] = {}
        mistakes = []
        for key in keys or OF_A_SWEEP:
            try:
                node = OmegaConf.select(config, f"hydra.{key}", throw_on_missing=True)
                found[key] = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
            except OmegaConfBaseException as error:
                mistakes.append(f"hydra.{key}: {str(error).splitlines()[0]}")
        if mistakes:
            raise UserMistake(mistakes)
        return found


def split(typed: Sequence[str]) -> tuple[list[str], list[str]]:
    """The overrides of Hydra itself, and those of the experiment."""
    of_hydra = [text for text in typed if _key(text).startswith(("hydra.", "hydra/")) or _key(text) == "hydra"]
    return of_hydra, [text for text in typed if text not in of_hydra]


def mistakes_in(of_hydra: Iterable[str], is_multirun: bool) -> Iterator[str]:
    """A sentence for each override of Hydra that is not taken here."""
    for text in of_hydra:
        key = _key(text)
        shown = printable(text[:200])
        try:
            refuse_unreadable(text)
        except MisfitError as misfit:
            yield f"{shown}: {misfit}"
            continue
        if any(_is_at(key, taken) for taken in TAKEN):
            if not is_multirun and any(_is_at(key, taken) for taken in OF_MULTIRUN):
                yield f"{shown}: this is of a multirun; give -m"
            continue
        why = next((reason for refused, reason in REFUSED.items() if _is_at(key, refused)), "")
        yield f"{shown}: {why or 'twinrun takes of Hydra: ' + ', '.join(TAKEN)}"


def hydra_node(
    of_hydra: Sequence[str], of_experiment: Sequence[str], groups: ConfigGroups, trust: bool, is_multirun: bool
) -> HydraNode:
    """Hydra's node of the overrides, which files of the chosen experiment may set too. Raises UserMistake."""
    if mistakes := list(mistakes_in(of_hydra, is_multirun)):
        raise UserMistake(mistakes)
    chosen = [text for text in of_experiment if _names_a_root_file(text, groups)]
    foreign = [f"{file}: {FOREIGN}" for file in _foreign(groups, of_hydra, chosen) if not trust]
    if foreign:
        raise UserMistake(foreign)
    try:
        additions = [(text.partition("=")[0], text.partition("=")[2]) for text in chosen]
        tree = groups.hydra(map(_appending, of_hydra), additions)
    except UnreadableError as error:
        raise UserMistake([f"{' '.join(map(printable, of_hydra)) or 'hydra'}: {error}"]) from None
    return HydraNode(tree, dict(tree["runtime"]["choices"]), tuple(of_hydra), tuple(chosen))


def _appending(text: str) -> str:
    """The override as Hydra takes it, for keys that its schema leaves open: variables and callbacks need no `+`."""
    open_keys = ("hydra.job.env_set.", "hydra.callbacks.", "hydra.job_logging.", "hydra.sweeper.params.")
    return f"++{text}" if text.startswith(open_keys) else text


def _key(text: str) -> str:
    return text.lstrip("+~").partition("=")[0].strip()


def _is_at(key: str, place: str) -> bool:
    return key == place or key.startswith((f"{place}.", f"{place}/"))


def _names_a_root_file(text: str, groups: ConfigGroups) -> bool:
    """Whether an override chooses one file of the user's that may speak of Hydra, such as an experiment."""
    group, equals, option = text.partition("=")
    return (
        bool(equals)
        and option in (groups.options(group) if group in groups.groups() else ())
        and any(_speaks_of_hydra(file) for file in _files_of(groups, group, option))
    )


def _files_of(groups: ConfigGroups, group: str, option: str) -> list[Path]:
    """The file of an option, if it is the user's."""
    files = [folder / group / f"{option}.yaml" for folder in groups.folders]
    existing = [(number, file) for number, file in enumerate(files) if file.is_file()]
    return [file for number, file in existing[:1] if number >= groups.installed]


def _foreign(groups: ConfigGroups, of_hydra: Sequence[str], chosen: Sequence[str]) -> Iterator[Path]:
    """The user's files that say what Hydra is to do."""
    for text in of_hydra:
        group, _, option = text.lstrip("+").partition("=")
        if "/" in group:
            yield from _files_of(groups, group, option)
    for text in chosen:
        group, _, option = text.partition("=")
        yield from _files_of(groups, group, option)
    yield from (file for file in _files_of(groups, ".", groups.root_name) if _speaks_of_hydra(file))


def _speaks_of_hydra(file: Path) -> bool:
    try:
        return _SPEAKS_OF_HYDRA.search(read_text(file, 1 << 20, "a YAML file")) is not None
    except FileError:
        return False
