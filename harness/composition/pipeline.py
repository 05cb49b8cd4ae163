"""The way from what was typed to one validated experiment.

Files or `from=FILE`, then choices (`schedule=cosine`), then values (`training.epochs=3`), then arms and suite expanded
and interpolations resolved, then the spec.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.composition.base import base_of, literal
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
from harness.spec import Experiment
from harness.system.files import FileError, given_path
from harness.system.text import printable

Tree = dict[str, Any]
_PATHS = ("out", "results_root")


@dataclass(frozen=True)
class Composed:
    """What a command line asks for. `out = None` stands for `results_root/<name>/<time>-<digest>`.

    `seeds` are those of its plans; the experiment has the first of them. `code` is what a file gave its arms that can
    run code.
    """

    experiment: Experiment
    out: Path | None
    results_root: Path
    seeds: tuple[int, ...]
    code: tuple[CodeField, ...] = ()


class Crossing(NamedTuple):
    """A config as plain containers, the experiment that it validates to, and what was typed."""

    plain: Tree
    experiment: Experiment
    asked: Overrides


def compose(
    overrides: Sequence[str],
    config_dirs: Sequence[Path] = (),
    groups: ConfigGroups | None = None,
    of_variant: Sequence[str] = (),
) -> Composed:
    """The experiment that `overrides` describe; UserMistake, with every mistake in it, where they describe none.

    `config_dirs` hold the user's own groups. `from=FILE` starts from the experiment.json of an earlier run.
    `groups` keep what was read of them for the next experiment. `of_variant` are overrides that a variant's definition
    holds, under those that were typed.
    """
    groups = groups or ConfigGroups.beside(config_dirs)
    return composed_of(crossed([*of_variant, *overrides], groups), overrides, config_dirs, groups)


def composed_of(
    crossing: Crossing, overrides: Sequence[str], config_dirs: Sequence[Path], groups: ConfigGroups
) -> Composed:
    """The crossed experiment with where it is written to and what in it came from files; `overrides` were typed."""
    plain, experiment, asked = crossing
    sources = [*([Path(asked.source).expanduser()] if asked.source is not None else []), *map(Path, config_dirs)]
    stated = code_typed(overrides, groups.all_options()) | code_installed() if sources else set()
    out = plain.get("out")
    seeds = seeds_from(plain.get("seeds", 1), experiment.seed)
    return Composed(
        experiment.model_copy(update={"seed": seeds[0]}),
        None if out is None else given_path(out),
        given_path(plain["results_root"]),
        seeds,
        code_from_files(experiment.arms, stated, sources),
    )


def compose_dict(
    overrides: Sequence[str], config_dirs: Sequence[Path] = (), groups: ConfigGroups | None = None
) -> Tree:
    """The same as plain containers: interpolations resolved, arms and suite expanded, nothing left to look up."""
    return crossed(overrides, groups or ConfigGroups.beside(config_dirs)).plain


def crossed(overrides: Sequence[str], groups: ConfigGroups) -> Crossing:
    """Composes and validates; UserMistake, with every mistake in it, where the overrides describe no experiment."""
    asked = read(overrides, groups.all_options())
    base = base_of(groups, asked)
    found = list(asked.mistakes)
    expansion = Expansion(groups)
    changes, dropped = asked.changes, list[Change]()
    seen: set[tuple[str, ...]] = set()
    while True:
        tree, changes, misplaced = _with_changes(base, changes)
        plain, experiment, wrong = _crossing(tree, expansion)
        found += [m.text for m in misplaced if not any(_touch(m.path, change.path) for change in dropped)]
        found += [_worded(m, asked) for m in wrong if m.path not in seen and not _follows_from(dropped, m)]
        # A mistake can hide others, since a spec checks its fields together only once each is valid by itself. So what
        # is at fault is taken away and the rest judged again, until nothing is left to take away.
        at_fault = [change for change in changes if any(_touch(change.path, m.path) for m in wrong)]
        if not at_fault:
            break
        seen.update(m.path for m in wrong if m.path)
        dropped += at_fault
        changes = [change for change in changes if change not in at_fault]
    if found or experiment is None:
        raise UserMistake(list(dict.fromkeys(found)))
    return Crossing(plain, experiment, asked)


def _with_changes(base: Tree, changes: Sequence[Change]) -> tuple[Tree, list[Change], list[Mistake]]:
    tree, kept, misplaced = base, list[Change](), list[Mistake]()
    for change in changes:
        try:
            tree = applied(tree, change)
            kept.append(change)
        except MisfitError as misfit:
            misplaced.append(Mistake(change.path, f"{dotted(change.path)}: {misfit}"))
    return tree, kept, misplaced


def _crossing(tree: Tree, expansion: Expansion) -> tuple[Tree, Experiment | None, list[Mistake]]:
    """The one place where Hydra's config becomes plain containers, and these an Experiment."""
    from omegaconf.errors import OmegaConfBaseException

    unfit = misfits(tree)
    if unfit:  # each part was within the limits by itself
        raise UserMistake([mistake.text for mistake in unfit])
    unresolved: dict[tuple[str, ...], Mistake] = {}
    while True:
        try:
            # Twice: the names of arms may be interpolations, and the files they name may hold some.
            lists, wrong = expansion.expanded(literal(resolved(tree)))
            plain = resolved({**tree, **lists})
            break
        except OmegaConfBaseException as error:
            path = tuple(re.sub(r"\[(\d+)\]", r".\1", str(error.full_key)).split("."))
            reason = re.sub(r"^\w+ raised while resolving interpolation: ", "", str(error).splitlines()[0])
            known = path in unresolved
            unresolved[path] = Mistake(path, f"{dotted(path)}: {reason}", covers_below=True)
            try:
                # Only the first is ever named: with nothing in its place the next comes to light.
                tree = applied(tree, Change(path))
            except MisfitError:
                known = True
            if known:
                raise UserMistake([mistake.text for mistake in unresolved.values()]) from None
    over_all = plain.pop("arm", None) or {}
    wrong += misfits(plain)  # what interpolations brought in: the environment may hold any bytes
    wrong += [*unresolved.values(), *_wrong_paths(plain), *wrong_seeds(plain.get("seeds", 1))]
    try:
        stated = StatedExperiment.model_validate({key: value for key, value in plain.items() if key not in SETTINGS})
    except ValidationError as error:
        invalid = [_as_typed(mistake, over_all) for mistake in explain(error, plain)]
        covered = [mistake.path for mistake in wrong if mistake.covers_below]
        return plain, None, [*wrong, *(m for m in invalid if not any(m.path[: len(path)] == path for path in covered))]
    return plain, Experiment.model_construct(**dict(stated)), wrong


def _wrong_paths(plain: Tree) -> list[Mistake]:
    wrong = []
    for key in _PATHS:
        value = plain.get(key)
        if (key, value) == ("out", None):
            continue
        if not isinstance(value, str):
            wrong.append(Mistake((key,), f"{key}: given {shown(value)}; allowed: a path"))
            continue
        try:
            given_path(value)
        except FileError as error:
            wrong.append(Mistake((key,), f"{key}={printable(value)}: {error}"))
    return wrong


def _as_typed(mistake: Mistake, over_all: Tree) -> Mistake:
    """What every arm has from the root's `arm` was typed as `arm.FIELD`, once."""
    path = mistake.path
    if len(path) < 3 or path[0] != "arms" or path[2] not in over_all:
        return mistake
    below_arm, below_arms = "arm.", f"arms.{path[1]}."
    return Mistake(("arm", *path[2:]), mistake.text.replace(below_arms, below_arm))


def _worded(mistake: Mistake, asked: Overrides) -> str:
    typed = [*(change.path for change in asked.changes), *((group,) for group, _ in asked.choices)]
    if asked.source is None or not mistake.path or any(_touch(path, mistake.path) for path in typed):
        return mistake.text
    return f"{mistake.text} (in {asked.source})"


def _touch(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one lies at or below the other; the root, which lies above all, is not counted."""
    shared = min(len(path), len(other))
    return shared > 0 and path[:shared] == other[:shared]


def _follows_from(dropped: Sequence[Change], mistake: Mistake) -> bool:
    """Whether fields that do not go together are said to be so only because one of them was taken away as faulty."""
    names = {key for change in dropped for key in change.path[len(mistake.path) :] if not key.isdecimal()}
    return mistake.of_several_fields and bool(names & set(re.findall(r"\w+", mistake.text)))
