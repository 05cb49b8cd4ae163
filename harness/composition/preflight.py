"""Finds the mistakes in a command line before anything is written or any framework is started."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

import adapters
from harness.composition import Composed, ComposedStudy, UserMistake, compose, compose_study, sizes
from harness.composition.capabilities import unsupported
from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.hints import hint_for
from harness.composition.mistakes import no_such, shown
from harness.composition.representable import unrepresentable
from harness.data import DataError, Dataset, load
from harness.data.targets import outside_domain
from harness.results.catalogue.adding import make_room
from harness.results.claim import ClaimedError, claim, claim_new, claimed_by
from harness.rungs import registry
from harness.spec.arm import AUTO, NONE, Arm
from harness.spec.changes import NoSuchPathError, changed
from harness.spec.data import Mnist
from harness.spec.experiment import Experiment
from harness.system.files import FileError, given_path, text_fault
from harness.system.text import printable

# Keys that can be checked even if the rest of the command line is wrong.
_BY_THEMSELVES = ("data", "out", "results_root")
MOST_KEPT = 4  # data sets
_ROOM = "x/" * 200  # as long as the longest path that a run writes


@dataclass
class Known:
    """What many command lines have in common, read or checked once: config groups, data, folders of results."""

    groups: ConfigGroups
    data: dict[str, tuple[Dataset | None, list[str]]] = field(default_factory=dict)
    folders: dict[tuple[Path | None, Path], list[str]] = field(default_factory=dict)

    def loaded(self, experiment: Experiment) -> tuple[Dataset | None, list[str]]:
        """The data of an experiment, None if they cannot be loaded, and why. A few sets are kept."""
        key = experiment.data.model_dump_json()
        if key not in self.data:
            while len(self.data) >= MOST_KEPT:
                del self.data[next(iter(self.data))]
            self.data[key] = _loaded(experiment)
        return self.data[key]

    def folder_mistakes(self, composed: Composed) -> list[str]:
        """Why results cannot be written to the folders of an experiment."""
        key = composed.out, composed.results_root
        if key not in self.folders:
            self.folders[key] = _folder_mistakes(composed)
        return self.folders[key]


def prepare(
    overrides: Sequence[str], config_dirs: Sequence[Path], trust: bool = False, known: Known | None = None
) -> tuple[ComposedStudy, list[Dataset]]:
    """The composed study and the data of each variant. Raises UserMistake with all mistakes if there are any.

    A single experiment is a study of one variant. Without `trust`, a field from a file that can run code is a mistake.
    `known`: what was read for other command lines; it also has the groups, with the root config.
    """
    known = known or Known(ConfigGroups.beside(config_dirs))
    try:
        study = compose_study(overrides, config_dirs, known.groups)
    except UserMistake as mistake:
        raise UserMistake([*mistake.mistakes, *_further_mistakes(overrides, config_dirs, known)]) from None
    data, all_mistakes = list[Dataset](), [] if trust else [code.refusal for code in study.code]
    for composed in study.variants:
        dataset, mistakes = _checked(composed, config_dirs, known)
        all_mistakes += mistakes
        data += [dataset] if dataset is not None else []
    if all_mistakes:
        raise UserMistake(list(dict.fromkeys(all_mistakes)))
    anchored = (replace(composed, experiment=_anchored(composed.experiment)) for composed in study.variants)
    return replace(study, variants=tuple(anchored)), data


def refuse_too_large(study: ComposedStudy) -> None:
    """Raises UserMistake if the runs of all seeds would not fit into memory or on the disk."""
    sentences = [
        text
        for composed in study.variants
        for text in sizes.too_large(composed.experiment, len(composed.seeds), _recorded_in(composed))
    ]
    if sentences:
        raise UserMistake(list(dict.fromkeys(sentences)))


def refuse_training_only(study: ComposedStudy) -> None:
    """Raises UserMistake if a check is asked for rungs that judge trainings, of which it makes none."""
    names = dict.fromkeys(name for variant in study.variants for name in variant.experiment.rungs)
    mistakes = [
        f"rungs: {name} judges what trainings recorded, and check makes none; choose it for twinrun match"
        for name in registry.training_only(list(names))
    ]
    if mistakes:
        raise UserMistake(mistakes)


def _recorded_in(composed: Composed) -> Path:
    return composed.out or composed.results_root


def _further_mistakes(overrides: Sequence[str], config_dirs: Sequence[Path], known: Known) -> list[str]:
    """The mistakes in the overrides that can be checked although others are wrong: data and folders."""
    independent = [text for text in overrides if text.lstrip("+").partition("=")[0].partition(".")[0] in _BY_THEMSELVES]
    if not independent:  # the defaults are no mistakes of the user's, and checking them would keep the user waiting
        return []
    try:
        composed = compose(independent, config_dirs, known.groups)
    except UserMistake:
        return []  # already reported
    too_large = sizes.data_too_large(composed.experiment)
    return [*known.folder_mistakes(composed), *(too_large or known.loaded(composed.experiment)[1])]


def _checked(composed: Composed, config_dirs: Sequence[Path], known: Known) -> tuple[Dataset | None, list[str]]:
    """The data of one experiment, None if they cannot be loaded, and all of its mistakes."""
    experiment = composed.experiment
    by_arm = {arm.name: [*arm_mistakes(arm), *_spec_mistakes(experiment, arm)] for arm in experiment.arms}
    all_mistakes = [mistake for mistakes in by_arm.values() for mistake in mistakes]
    sound_arms = [arm for arm in experiment.arms if not by_arm[arm.name]]
    all_mistakes += unsupported(experiment, sound_arms, lambda: offered(config_dirs))
    all_mistakes += unrepresentable((arm, changed(experiment, arm.spec)) for arm in sound_arms)
    all_mistakes += known.folder_mistakes(composed)
    too_large = sizes.too_large(experiment, 1, _recorded_in(composed))
    if too_large:
        return None, [*all_mistakes, *too_large]
    data, unreadable = known.loaded(experiment)
    all_mistakes += unreadable
    if data is not None:
        all_mistakes += _batch_mistakes(experiment, data)
        all_mistakes += outside_domain(data, experiment.loss)
    return data, all_mistakes


def _loaded(experiment: Experiment) -> tuple[Dataset | None, list[str]]:
    try:
        return load(experiment.data), []
    except DataError as error:
        return None, [str(error)]


def arm_mistakes(arm: Arm) -> list[str]:
    """The mistakes in an arm's own fields: its adapter, its mode, its arrangement, its interpreter."""
    adapter_names = adapters.names()
    if arm.adapter not in adapter_names:
        return [no_such(f"arm {arm.name}: there is no adapter {arm.adapter!r}", arm.adapter, adapter_names)]
    mistakes = []
    info = adapters.usable().get(arm.adapter)  # an adapter that cannot be used is reported by the run
    if info is not None and arm.mode not in (modes := info.modes):
        mistakes.append(no_such(f"arm {arm.name}: {arm.adapter} has no mode {arm.mode!r}", arm.mode, modes))
    allowed = (AUTO, NONE, *adapters.arrangements(arm.adapter))
    if info is not None and arm.arrangement not in allowed:
        complaint = f"arm {arm.name}: {arm.adapter} has no arrangement {arm.arrangement!r}"
        mistakes.append(no_such(complaint, arm.arrangement, allowed))
    if arm.python is not None and (text_fault(arm.python) or shutil.which(arm.python) is None):
        mistakes.append(
            f"arm {arm.name}: python={arm.python!r} is no program that can be run; give an interpreter's path"
        )
    return mistakes


def _spec_mistakes(experiment: Experiment, arm: Arm) -> list[str]:
    """The mistakes in `arm.spec`, the words that replace the experiment's in this arm."""
    try:
        changed(experiment, arm.spec)
    except NoSuchPathError as error:
        complaint = f"arm {arm.name}: spec: {error.path}: there is no {error.given!r}"
        if hint := hint_for(tuple(error.path.split(".")), str(arm.spec.get(error.path)), experiment.model_dump()):
            return [f"{complaint}; {hint}"]
        return [no_such(complaint, error.given, error.known)]
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: given {shown(e['input'])}; {e['msg']}" for e in error.errors()]
        return [f"arm {arm.name}: spec: {fault}" for fault in faults]
    except ValueError as error:
        return [f"arm {arm.name}: spec: {error}"]
    return []


def offered(config_dirs: Sequence[Path]) -> list[Arm]:
    """The arms that can be chosen by name. A file that holds no valid arm is left out; choosing it is a mistake."""
    groups = ConfigGroups.beside(config_dirs)
    arms = []
    for name in groups.options("arm"):
        with suppress(UnreadableError, ValidationError):
            arms.append(Arm.model_validate(groups.contents("arm", [name])[name]))
    return arms


def _folder_mistakes(composed: Composed) -> list[str]:
    if composed.out is None:
        return unusable("results_root", composed.results_root)
    return unusable("out", composed.out, must_be_new=True)


def unusable(key: str, folder: Path, must_be_new: bool = False) -> list[str]:
    """The reason why results cannot be written to `folder`, the value of `key`; empty if they can."""
    absolute = folder.absolute()
    if fault := text_fault(str(absolute)):
        return [printable(f"{key}={folder}: {absolute} cannot be recorded: {fault}")]
    existing = next(path for path in (absolute, *absolute.parents) if path.exists() or path.is_symlink())
    try:
        given_path(f"{absolute}/{_ROOM}")
        if must_be_new and folder.is_dir() and any(folder.iterdir()):
            state = claimed_by(folder) or "is not empty"
            return [f"{key}={folder}: the folder {state}; give a new one, so that no earlier result is mixed in"]
        if not existing.is_dir():
            file_type = "a link that leads nowhere" if existing.is_symlink() and not existing.exists() else "a file"
            return [f"{key}={folder}: {existing} is {file_type}, not a folder"]
        # A folder is created to test this, since permissions do not tell (a read-only disk, a quota, the superuser).
        tempfile.TemporaryDirectory(dir=existing).cleanup()
    except FileError as error:
        return [f"{key}={folder}: {error}, once a run's own folders are below it"]
    except OSError as error:
        return [f"{key}={folder}: {existing} is not writable ({error.strerror}); give a folder that is"]
    return []


def claimed(verb: str, out: Path | None, usual: Path) -> Path:
    """The absolute path of the folder `out`, or of `usual` where `out` is None, claimed for this process alone.

    Raises UserMistake if another process has claimed `out` since it was checked.
    """
    if out is None:
        folder = claim_new(usual, verb).absolute()
        make_room(folder.parent.parent)
        return folder
    try:
        claim(out, verb)
    except ClaimedError as error:
        raise UserMistake([f"out={error}; give a folder of its own to each run"]) from None
    return out.absolute()


def _batch_mistakes(experiment: Experiment, data: Dataset) -> list[str]:
    size, samples = experiment.training.batch_size, len(data.x_train)
    if size <= samples:
        return []
    return [
        f"training.batch_size: given {size}, but the data has {samples} samples to train on; allowed: 1 to {samples}"
    ]


def _anchored(experiment: Experiment) -> Experiment:
    """The experiment with an absolute data folder, so that `from=FILE` repeats the run from any folder."""
    if not isinstance(experiment.data, Mnist) or experiment.data.root is None:
        return experiment
    root = experiment.data.root.expanduser().absolute()
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"root": root})})
