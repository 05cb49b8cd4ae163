"""Changes words of an experiment by their dotted paths, and maps its words to the changed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from harness.spec.base import Word
from harness.spec.experiment import Experiment
from harness.spec.model import PlacedLayer
from harness.spec.recipe import Update

BESIDE = ("clipping", "weight_decay", "accumulation", "lookahead", "averaging")  # an optimizer
ROOTS = ("model", "loss", "optimizer", "schedule", "regularizer", *BESIDE)
Changes = Mapping[str, Any]


class NoSuchPathError(ValueError):
    """A path does not exist: `given` is its part that does not, `known` are the names that exist in its place."""

    def __init__(self, path: str, given: str, known: list[str]) -> None:
        super().__init__(f"{path}: there is no {given!r}; there are {', '.join(known)}")
        self.path, self.given, self.known = path, given, known


def changed(experiment: Experiment, changes: Changes) -> Experiment:
    """The experiment with the value at each path replaced, validated again.

    Raises NoSuchPathError where a path does not exist, pydantic's ValidationError (a ValueError) where the result is no
    valid experiment, and ValueError where its parameters differ, so that the experiment's plan would not fit it.
    """
    if not changes:
        return experiment
    plain = experiment.model_dump(mode="json")
    for path, value in changes.items():
        root = path.partition(".")[0]
        if root not in ROOTS:
            raise NoSuchPathError(path, root, list(ROOTS))
        _set(plain, path, value)
    outcome = Experiment.model_validate(plain)
    before, after = (_shapes(candidate) for candidate in (experiment, outcome))
    if before != after:
        first = next(f"{a} in place of {b}" for a, b in zip(after, before, strict=False) if a != b)
        raise ValueError(f"the parameters must stay as they are, but there would be {first}")
    return outcome


def replaced(word: Any, path: str, value: Any) -> Any:
    """The word with the value at a dotted path within it; pydantic's ValidationError where that is no valid word."""
    plain = word.model_dump(mode="json")
    _set(plain, path, value)
    return type(word).model_validate(plain)


def at(experiment: Experiment, path: str) -> Any:
    """The value at a dotted path; NoSuchPathError where the path does not exist."""
    node: Any = experiment
    for step in path.split("."):
        if isinstance(node, tuple):
            names = [str(number) for number in range(len(node))]
        else:
            names = list(type(node).model_fields) if isinstance(node, BaseModel) else []
        if step not in names:
            raise NoSuchPathError(path, step, names)
        node = node[int(step)] if isinstance(node, tuple) else getattr(node, step)
    return node


def leads_somewhere(experiment: Experiment, path: str) -> bool:
    try:
        at(experiment, path)
    except NoSuchPathError:
        return False
    return True


def _shapes(experiment: Experiment) -> list[str]:
    return [f"{p.name} {p.shape}" for p in experiment.model.parameters()] + ["nothing more"]


def _set(plain: Any, path: str, value: Any) -> None:
    *parents, key = path.split(".")
    for step in parents:
        plain = plain[_key(plain, step, path)]
    plain[_key(plain, key, path)] = value


def _key(plain: Any, step: str, path: str) -> Any:
    names = [str(i) for i in range(len(plain))] if isinstance(plain, list) else []
    names = list(plain) if isinstance(plain, dict) else names
    if step not in names:
        raise NoSuchPathError(path, step, names)
    return int(step) if isinstance(plain, list) else step


class Replacement:
    """Maps the words of an experiment to those of another that was made from it by `changed`."""

    def __init__(self, original: Experiment, changed_experiment: Experiment) -> None:
        self.words: dict[Word, Word] = {}
        self.layers: dict[str, PlacedLayer] = {}
        if original is changed_experiment:
            return
        for before, after in _side_by_side(original, changed_experiment):
            if before != after:
                self.words.setdefault(before, after)
        placed = zip(original.model.placed_layers(), changed_experiment.model.placed_layers(), strict=True)
        self.layers = {before.name: after for before, after in placed if before != after}

    def of(self, subject: Any) -> Any:
        """The subject of a rung (a word, a placed layer or an update) as it is in the changed experiment."""
        if isinstance(subject, PlacedLayer):
            return self.layers.get(subject.name, subject)
        if isinstance(subject, Update):
            parts = {name: self.words.get(part, part) for name, part in subject if name != "schedule"}
            return subject.model_copy(update=parts)
        return self.words.get(subject, subject)


def _side_by_side(a: Any, b: Any) -> Iterator[tuple[Word, Word]]:
    """The pairs of words at the same places of both."""
    if isinstance(a, Word) and isinstance(b, Word):
        yield a, b
    if isinstance(a, BaseModel) and type(a) is type(b):
        for (_, part_a), (_, part_b) in zip(a, b, strict=True):
            yield from _side_by_side(part_a, part_b)
    elif isinstance(a, tuple) and isinstance(b, tuple):
        for part_a, part_b in zip(a, b, strict=False):
            yield from _side_by_side(part_a, part_b)
