"""Known forms, each a different way to compute something, expressed as changes of a spec; and changes in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel

from harness.spec.base import Word
from harness.spec.changes import ROOTS, Changes, at
from harness.spec.experiment import Experiment

Fields: TypeAlias = dict[str, Any]
OWN = "the arm's own spec"
Alternatives = Callable[[Any], Iterable[Fields]]


@dataclass(frozen=True)
class Form:
    """A mistake as changes of a spec. `changes_of`: gives the candidates for a stated experiment.

    `can_be_said`: whether the changed spec describes in every respect what the arm computes. If not, it gives the same
    numbers on a rung's questions but means something else: it names the cause, but cannot be advised.
    """

    name: str
    changes_of: Callable[[Experiment], Iterator[Changes]]
    can_be_said: bool = True


@dataclass(frozen=True)
class Explanation:
    """Forms whose combined `changes` make the reference compute what an arm answered.

    `relation`: by what mistake a number became the other, in words; may be empty.
    """

    forms: tuple[Form, ...] = ()
    changes: Changes = field(default_factory=dict)
    relation: str = ""


def words_by_path(experiment: Experiment) -> Iterator[tuple[str, Word]]:
    """Every word that may be changed, with its dotted path."""
    for root in ROOTS:
        yield from words_below(root, getattr(experiment, root))


def words_below(path: str, spec: Any) -> Iterator[tuple[str, Word]]:
    """A word at a path, and the words within it, each with its dotted path."""
    if isinstance(spec, Word):
        yield path, spec
    parts: Iterable[tuple[Any, Any]] = spec if isinstance(spec, BaseModel) else enumerate(spec)
    for name, value in parts:
        if isinstance(value, BaseModel | tuple):
            yield from words_below(f"{path}.{name}", value)


def of_words(kinds: type[Word] | tuple[type[Word], ...], alternatives: Alternatives) -> Any:
    """The `changes_of` of a form about words of these classes. `alternatives`: gives the replaced fields of a word.

    First the changes of each word alone; then, if there are several words, the same change in all of them, because a
    port that gets one wrong often gets all wrong.
    """

    def changes_of(experiment: Experiment) -> Iterator[Changes]:
        alternatives_by_word: list[list[Fields]] = []
        for path, word in words_by_path(experiment):
            if isinstance(word, kinds):
                changes_of_word = [
                    {f"{path}.{name}": value for name, value in fields.items()} for fields in alternatives(word)
                ]
                alternatives_by_word += [changes_of_word] if changes_of_word else []
        for word_changes in alternatives_by_word:
            yield from word_changes
        if len(alternatives_by_word) > 1:
            for together in zip(*alternatives_by_word, strict=False):
                yield {path: value for changes in together for path, value in changes.items()}

    return changes_of


def as_written(spec: Any) -> Any:
    """A value of a spec as it is written in YAML: a word as its kind and the fields that are not at their defaults."""
    if isinstance(spec, BaseModel):
        defaults = {name: part.default for name, part in type(spec).model_fields.items()}
        return {name: as_written(value) for name, value in spec if name == "kind" or value != defaults[name]}
    return [as_written(part) for part in spec] if isinstance(spec, tuple) else spec


def other(word: Any, name: str, values: Iterable[Any]) -> list[Fields]:
    """The field set to each of the `values` that it does not have now; empty if the word has no such field."""
    return [{name: value} for value in values if value != getattr(word, name)] if hasattr(word, name) else []


def shown(changes: Changes) -> str:
    """The changes as they are written in an arm's `spec`."""
    return ", ".join(f"{path}: {shown_value(value)}" for path, value in changes.items())


def shown_value(value: Any) -> str:
    """A value of a spec on one line, without quotes."""
    written = as_written(value)
    return written if isinstance(written, str) else json.dumps(written).replace('"', "")


def in_words(stated: Experiment, arm: str, explanation: Explanation) -> str:
    """The cause in words: `momentum form (mindspore computes optimizer.form: rate_outside, the spec says ...)`."""
    changes = explanation.changes
    stated_values = [shown_value(at(stated, path)) for path in changes]
    names = " and ".join(dict.fromkeys(form.name for form in explanation.forms))
    relation = f": {explanation.relation}" if explanation.relation else ""
    return f"{names} ({arm} computes {shown(changes)}, the spec says {', '.join(stated_values)}{relation})"
