"""The steps from typed overrides to one validated experiment.

The base comes from files or `from=FILE`. Choices (`schedule=cosine`) and then values (`training.epochs=3`) are applied,
arms and suite are expanded, interpolations are resolved, and the spec is validated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.composition.base import base_of, literal
from harness.composition.epochs import with_steps
from harness.composition.expansion import Expansion
from harness.composition.fields import dotted
from harness.composition.groups import ConfigGroups
from harness.composition.limits import misfits
from harness.composition.mistakes import SETTINGS, Mistake, UserMistake, explain, shown
from harness.composition.overrides import Change, MisfitError, Overrides, applied, read
from harness.composition.resolution import resolved
from harness.composition.seeds import seeds_from, wrong_seeds
from harness.composition.stated import StatedExperiment
from harness.composition.trust import CodeField, code_from_files, code_installed, code_typed
from harness.composition.written_model.explicit import ExplicitModel
from harness.composition.written_model.model import explicit_model
from harness.composition.written_model.parameters import ABOVE as PARAMETERS
from harness.spec import Experiment
from harness.system.files import FileError, given_path
from harness.system.text import printable

Tree = dict[str, Any]
Notes = Mapping[tuple[str, ...], str]
_PATHS = ("out", "results_root")


@dataclass(frozen=True)
class Composed:
    """The experiment of a command line and the places of its results.

    `out`: None stands for `results_root/<name>/<time>-<digest>`. `seeds`: the seeds of its plans, of which the
    experiment has the first. `code`: the fields of its arms that can run code and come from a file.
    """

    experiment: Experiment
    out: Path | None
    results_root: Path
    seeds: tuple[int, ...]
    code: tuple[CodeField, ...] = ()


class ValidatedConfig(NamedTuple):
    """A config as plain containers, its experiment, the overrides that it was composed from, and its model as written.

    The plain containers have the explicit model, and steps in place of epochs, of which `epochs` has notes by path.
    """

    plain: Tree
    experiment: Experiment
    overrides: Overrides
    model: ExplicitModel
    epochs: Notes

    @property
    def explicit(self) -> Tree:
        """The config with every field of the model."""
        return {**self.plain, "model": self.model.in_order(self.experiment.model.model_dump(mode="json"))}

    @property
    def notes(self) -> Notes:
        """By path, where a value comes from that was not stated plainly."""
        return {**self.model.explained(), **self.epochs}


def compose(
    overrides: Sequence[str],
    config_dirs: Sequence[Path] = (),
    groups: ConfigGroups | None = None,
    of_variant: Sequence[str] = (),
) -> Composed:
    """The experiment that `overrides` describe. Raises UserMistake, with every mistake, if they describe none.

    `config_dirs`: the folders of the user's groups. `groups`: all groups, which cache the files that they have read.
    `of_variant`: the overrides of a variant's definition; those that were typed take precedence.
    """
    groups = groups or ConfigGroups.beside(config_dirs)
    return composed_of(validated_config([*of_variant, *overrides], groups), overrides, config_dirs, groups)


def composed_of(
    config: ValidatedConfig, typed: Sequence[str], config_dirs: Sequence[Path], groups: ConfigGroups
) -> Composed:
    """The experiment of the config with its folders, seeds and code from files. `typed`: the user's overrides."""
    plain, experiment, overrides = config[:3]
    source_file = [Path(overrides.source).expanduser()] if overrides.source is not None else []
    sources = [*source_file, *map(Path, config_dirs)]
    trusted = code_typed(typed, groups.all_options()) | code_installed() if sources else set()
    out = plain.get("out")
    seeds = seeds_from(plain.get("seeds", 1), experiment.seed)
    return Composed(
        experiment.model_copy(update={"seed": seeds[0]}),
        None if out is None else given_path(out),
        given_path(plain["results_root"]),
        seeds,
        code_from_files(experiment.arms, trusted, sources),
    )


def compose_dict(
    overrides: Sequence[str], config_dirs: Sequence[Path] = (), groups: ConfigGroups | None = None
) -> Tree:
    """The experiment as plain containers, with interpolations resolved and the arms and the suite expanded."""
    return validated_config(overrides, groups or ConfigGroups.beside(config_dirs)).explicit


def validated_config(typed: Sequence[str], groups: ConfigGroups) -> ValidatedConfig:
    """Composes and validates. Raises UserMistake, with every mistake, if the overrides describe no experiment."""
    overrides = read(typed, groups.all_options())
    base = base_of(groups, overrides)
    messages = list(overrides.mistakes)
    expansion = Expansion(groups)
    changes, dropped = overrides.changes, list[Change]()
    reported: set[tuple[str, ...]] = set()
    while True:
        tree, changes, misplaced = _with_changes(base, changes)
        plain, experiment, mistakes, model, epochs = _validated(
            tree, expansion, [change.path[2] for change in changes if _sets_a_parameter(change)]
        )
        messages += [m.text for m in misplaced if not any(_touch(m.path, change.path) for change in dropped)]
        new_mistakes = [m for m in mistakes if m.path not in reported and not _follows_from(dropped, m)]
        messages += [_with_source(m, overrides) for m in new_mistakes]
        # A mistake can hide others, since a spec checks its fields together only if each is valid. So faulty changes
        # are dropped and the rest is validated again, until no change is faulty.
        at_fault = [change for change in changes if any(_touch(change.path, m.path) for m in mistakes)]
        if not at_fault:
            break
        reported.update(m.path for m in mistakes if m.path)
        dropped += at_fault
        changes = [change for change in changes if change not in at_fault]
    if messages or experiment is None:
        raise UserMistake(list(dict.fromkeys(messages)))
    return ValidatedConfig(plain, experiment, overrides, model, epochs)


def _sets_a_parameter(change: Change) -> bool:
    return len(change.path) == 3 and change.path[:2] == PARAMETERS and not change.delete


def _with_changes(base: Tree, changes: Sequence[Change]) -> tuple[Tree, list[Change], list[Mistake]]:
    """The base with the changes, the changes that could be applicable, and the mistakes of the others."""
    tree, applicable, misplaced = base, list[Change](), list[Mistake]()
    for change in changes:
        try:
            tree = applied(tree, change)
            applicable.append(change)
        except MisfitError as misfit:
            misplaced.append(Mistake(change.path, f"{dotted(change.path)}: {misfit}"))
    return tree, applicable, misplaced


def _validated(
    tree: Tree, expansion: Expansion, typed_parameters: Sequence[str]
) -> tuple[Tree, Experiment | None, list[Mistake], ExplicitModel, Notes]:
    """The config in plain containers, its experiment (None if it is invalid), the mistakes, its model, notes on epochs.

    `typed_parameters`: the parameters of the model that overrides set.
    """
    from omegaconf.errors import OmegaConfBaseException

    too_large = misfits(tree)
    if too_large:  # each part is within the limits, but the whole is not
        raise UserMistake([mistake.text for mistake in too_large])
    unresolved: dict[tuple[str, ...], Mistake] = {}
    while True:
        try:
            # The tree is resolved twice: names of arms may be interpolations, and the named files may contain some.
            lists, mistakes = expansion.expanded(literal(resolved(tree)))
            plain = resolved({**tree, **lists})
            break
        except OmegaConfBaseException as error:
            path = tuple(re.sub(r"\[(\d+)\]", r".\1", str(error.full_key)).split("."))
            reason = re.sub(r"^\w+ raised while resolving interpolation: ", "", str(error).splitlines()[0])
            is_known = path in unresolved
            unresolved[path] = Mistake(path, f"{dotted(path)}: {reason}", covers_below=True)
            try:
                # OmegaConf reports the first error only; without this value it reports the next one.
                tree = applied(tree, Change(path))
            except MisfitError:
                is_known = True
            if is_known:
                raise UserMistake([mistake.text for mistake in unresolved.values()]) from None
    common_fields = plain.pop("arm", None) or {}
    mistakes += misfits(plain)  # values of interpolations: environment variables may hold any bytes
    mistakes += [*unresolved.values(), *_wrong_paths(plain), *wrong_seeds(plain.get("seeds", 1))]
    model = explicit_model(plain.get("model"), typed_parameters)
    mistakes += model.mistakes
    schedules, epochs, wrong_epochs = with_steps(plain)
    mistakes += wrong_epochs
    plain |= {"model": model.tree, **schedules} if "model" in plain else schedules
    try:
        stated = StatedExperiment.model_validate({key: value for key, value in plain.items() if key not in SETTINGS})
    except ValidationError as error:
        invalid = [model.as_written(_as_typed(mistake, common_fields)) for mistake in explain(error, plain)]
        covered = [*(mistake.path for mistake in mistakes if mistake.covers_below), *model.refused]
        mistakes += [m for m in invalid if not any(m.path[: len(path)] == path for path in covered)]
        return plain, None, mistakes, model, epochs
    return plain, Experiment.model_construct(**dict(stated)), mistakes, model, epochs


def _wrong_paths(plain: Tree) -> list[Mistake]:
    """The mistakes in the folders of the results."""
    mistakes = []
    for key in _PATHS:
        value = plain.get(key)
        if (key, value) == ("out", None):
            continue
        if not isinstance(value, str):
            mistakes.append(Mistake((key,), f"{key}: given {shown(value)}; allowed: a path"))
            continue
        try:
            given_path(value)
        except FileError as error:
            mistakes.append(Mistake((key,), f"{key}={printable(value)}: {error}"))
    return mistakes


def _as_typed(mistake: Mistake, common_fields: Tree) -> Mistake:
    """The mistake at `arm.FIELD` if it is in a field that the root's `arm` sets in every arm."""
    path = mistake.path
    if len(path) < 3 or path[0] != "arms" or path[2] not in common_fields:
        return mistake
    below_arm, below_arms = "arm.", f"arms.{path[1]}."
    return Mistake(("arm", *path[2:]), mistake.text.replace(below_arms, below_arm))


def _with_source(mistake: Mistake, overrides: Overrides) -> str:
    """The text of the mistake, with the file of `from=FILE` if no override has set the value."""
    typed_paths = [*(change.path for change in overrides.changes), *((group,) for group, _ in overrides.choices)]
    if overrides.source is None or not mistake.path or any(_touch(path, mistake.path) for path in typed_paths):
        return mistake.text
    return f"{mistake.text} (in {overrides.source})"


def _touch(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path is at or below the other; false for the root, which is above every path."""
    shared = min(len(path), len(other))
    return shared > 0 and path[:shared] == other[:shared]


def _follows_from(dropped: Sequence[Change], mistake: Mistake) -> bool:
    """Whether the mistake is in a combination of fields, one of which was dropped as faulty."""
    names = {key for change in dropped for key in change.path[len(mistake.path) :] if not key.isdecimal()}
    return mistake.of_several_fields and bool(names & set(re.findall(r"\w+", mistake.text)))
