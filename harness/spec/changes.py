"""An experiment with some of its words changed, by their dotted paths; and which word stands for which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from harness.spec.base import Word
from harness.spec.experiment import Experiment
from harness.spec.model import PlacedLayer
from harness.spec.recipe import Update

ROOTS = ("model", "loss", "optimizer", "schedule", "regularizer", "clipping", "weight_decay")
Changes = Mapping[str, Any]


class NoSuchPathError(ValueError):
    """A path leads nowhere: `given`, of which `known` would be there."""

    def __init__(self, path: str, given: str, known: list[str]) -> None:
        super().__init__(f"{path}: there is no {given!r}; there are {', '.join(known)}")
        self.path, self.given, self.known = path, given, known


def changed(experiment: Experiment, changes: Changes) -> Experiment:
    """The experiment with each path's value replaced, validated anew.

    NoSuchPathError where a path leads nowhere; pydantic's ValidationError, a ValueError too, where the outcome is no
    experiment; ValueError where its parameters are others, so that no plan of the experiment would fit.
    """
    if not changes:
        return experiment
    plain = experiment.model_dump(mode="json")
    for path, value in changes.items():
        root = path.partition(".")[0]
        if root not in ROOTS:
            raise NoSuchPathError(path, root, list(ROOTS))
        _set(plain, path, value)
    made = Experiment.model_validate(plain)
    before, after = (_shapes(each) for each in (experiment, made))
    if before != after:
        first = next(f"{a} in place of {b}" for a, b in zip(after, before, strict=False) if a != b)
        raise ValueError(f"the parameters must stay as they are, but there would be {first}")
    return made


def at(experiment: Experiment, path: str) -> Any:
    """The value at a dotted path; NoSuchPathError where it leads nowhere."""
    found: Any = experiment
    for step in path.split("."):
        if isinstance(found, tuple):
            known = [str(number) for number in range(len(found))]
        else:
            known = list(type(found).model_fields) if isinstance(found, BaseModel) else []
        if step not in known:
            raise NoSuchPathError(path, step, known)
        found = found[int(step)] if isinstance(found, tuple) else getattr(found, step)
    return found


def leads_somewhere(experiment: Experiment, path: str) -> bool:
    try:
        at(experiment, path)
    except NoSuchPathError:
        return False
    return True


def _shapes(experiment: Experiment) -> list[str]:
    return [f"{p.name} {p.shape}" for p in experiment.model.parameters()] + ["nothing more"]


def _set(plain: Any, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        plain = plain[_key(plain, step, path)]
    plain[_key(plain, last, path)] = value


def _key(plain: Any, step: str, path: str) -> Any:
    known = [str(i) for i in range(len(plain))] if isinstance(plain, list) else []
    known = list(plain) if isinstance(plain, dict) else known
    if step not in known:
        raise NoSuchPathError(path, step, known)
    return int(step) if isinstance(plain, list) else step


class Replacement:
    """What each word of one experiment is in another, which was made of it by changes."""

    def __init__(self, stated: Experiment, given: Experiment) -> None:
        self.words: dict[Word, Word] = {}
        self.layers: dict[str, PlacedLayer] = {}
        if stated is given:
            return
        for before, after in _side_by_side(stated, given):
            if before != after:
                self.words.setdefault(before, after)
        placed = zip(stated.model.placed_layers(), given.model.placed_layers(), strict=True)
        self.layers = {before.name: after for before, after in placed if before != after}

    def of(self, asked: Any) -> Any:
        """What a rung asks for, as the changed experiment has it: a word, a layer at its place, an update."""
        if isinstance(asked, PlacedLayer):
            return self.layers.get(asked.name, asked)
        if isinstance(asked, Update):
            parts = {name: self.words.get(part, part) for name, part in asked if name != "schedule"}
            return asked.model_copy(update=parts)
        return self.words.get(asked, asked)


def _side_by_side(a: Any, b: Any) -> Iterator[tuple[Word, Word]]:
    """The words at the same places of both."""
    if isinstance(a, Word) and isinstance(b, Word):
        yield a, b
    if isinstance(a, BaseModel) and type(a) is type(b):
        for (_, mine), (_, other) in zip(a, b, strict=True):
            yield from _side_by_side(mine, other)
    elif isinstance(a, tuple) and isinstance(b, tuple):
        for mine, other in zip(a, b, strict=False):
            yield from _side_by_side(mine, other)
