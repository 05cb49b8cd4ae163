"""What each field of a word takes, read once from the annotations of its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from harness.composition.fields import literals, specs_in
from harness.spec import Word
from harness.spec.layers import Layer

Kind = Literal["layers", "word", "items", "number", "other"]


@dataclass(frozen=True)
class Form:
    """What a field takes: lists of layers; a word; items; whole numbers; or something else, which is left as it is.

    `names`: of a word those that may stand here, of a number the text that is no arithmetic. `items`: the forms of the
    items, of which there are any number of the first if `is_open`.
    """

    kind: Kind
    names: frozenset[str] = frozenset()
    items: tuple[Form, ...] = ()
    is_open: bool = False


@cache
def forms_of(word: type[Word]) -> Mapping[str, Form]:
    """By name, the form of each field but `kind`."""
    return {name: form_of(info.annotation) for name, info in word.model_fields.items() if name != "kind"}


def form_of(annotation: Any) -> Form:
    """The form that an annotation describes."""
    annotation = _bare(annotation)
    specs = specs_in(annotation)
    if any(issubclass(spec, Layer) for spec in specs):
        return Form("layers")
    if get_origin(annotation) is tuple:
        items = get_args(annotation)
        is_open = len(items) == 2 and items[1] is Ellipsis
        return Form("items", items=tuple(map(form_of, items[:1] if is_open else items)), is_open=is_open)
    if specs:
        return Form("word", frozenset(spec.word() for spec in specs if issubclass(spec, Word)))
    return Form("number", frozenset(literals(annotation))) if _takes_whole_numbers(annotation) else Form("other")


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _takes_whole_numbers(annotation: Any) -> bool:
    annotation = _bare(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_takes_whole_numbers, get_args(annotation)))
    return annotation is int
