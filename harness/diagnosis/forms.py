"""What a known form is: a way to compute something otherwise, as changes of a spec; and how changes are written."""

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
Alternatives = Callable[[Any], Iterable[Fields]]


@dataclass(frozen=True)
class Form:
    """`changes_of` gives the changes of a stated experiment that would be this mistake.

    With `can_be_said` the changed spec is what the arm computes, in every respect. Without, it computes the same on a
    rung's questions, but says something else: it names the cause, and nothing to be advised.
    """

    name: str
    changes_of: Callable[[Experiment], Iterator[Changes]]
    can_be_said: bool = True


@dataclass(frozen=True)
class Explanation:
    """Forms whose `changes`, put together, make the reference compute what an arm answered."""

    forms: tuple[Form, ...] = ()
    changes: Changes = field(default_factory=dict)


def words_by_path(experiment: Experiment) -> Iterator[tuple[str, Word]]:
    """Every word that may be changed, with its dotted path."""
    for root in ROOTS:
        yield from _below(root, getattr(experiment, root))


def _below(path: str, spec: Any) -> Iterator[tuple[str, Word]]:
    if isinstance(spec, Word):
        yield path, spec
    parts: Iterable[tuple[Any, Any]] = spec if isinstance(spec, BaseModel) else enumerate(spec)
    for name, value in parts:
        if isinstance(value, BaseModel | tuple):
            yield from _below(f"{path}.{name}", value)


def of_words(kinds: type[Word] | tuple[type[Word], ...], alternatives: Alternatives) -> Any:
    """The changes of a form that concerns words of these classes: `alternatives` gives fields to be replaced.

    One word after the other; then, where there are several, all of them alike: who mistakes one mistakes the others.
    """

    def changes_of(experiment: Experiment) -> Iterator[Changes]:
        found: list[list[Fields]] = []
        for path, word in words_by_path(experiment):
            if isinstance(word, kinds):
                each = [{f"{path}.{name}": value for name, value in one.items()} for one in alternatives(word)]
                found += [each] if each else []
        for own in found:
            yield from own
        if len(found) > 1:
            for together in zip(*found, strict=False):
                yield {path: value for changes in together for path, value in changes.items()}

    return changes_of


def said(spec: Any) -> Any:
    """A value of a spec as one would write it: of a word its kind, and what is not at its default."""
    if isinstance(spec, BaseModel):
        usual = {name: each.default for name, each in type(spec).model_fields.items()}
        return {name: said(value) for name, value in spec if name == "kind" or value != usual[name]}
    return [said(each) for each in spec] if isinstance(spec, tuple) else spec


def other(word: Any, name: str, values: Iterable[Any]) -> list[Fields]:
    """The field with each of the values that it does not have."""
    return [{name: value} for value in values if value != getattr(word, name)] if hasattr(word, name) else []


def shown(changes: Changes) -> str:
    """As one would write them in an arm's `spec`."""
    return ", ".join(f"{path}: {shown_value(value)}" for path, value in changes.items())


def shown_value(value: Any) -> str:
    plain = said(value)
    return plain if isinstance(plain, str) else json.dumps(plain).replace('"', "")


def in_words(stated: Experiment, arm: str, explanation: Explanation) -> str:
    """`momentum form (mindspore has optimizer.form: rate_outside, the spec says rate_inside)`."""
    changes = explanation.changes
    usual = [shown_value(at(stated, path)) for path in changes]
    names = " and ".join(dict.fromkeys(form.name for form in explanation.forms))
    return f"{names} ({arm} computes {shown(changes)}, the spec says {', '.join(usual)})"
