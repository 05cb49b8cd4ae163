"""Values for a place in a spec, as they are typed: some that may stand there, and some that are odd."""

from __future__ import annotations

from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from odd_texts import VALUES

from harness.composition.fields import Place
from harness.spec import Spec, Word


def odd(random: Random) -> str:
    """Any of the odd values, its kind first."""
    return random.choice(random.choice(VALUES))


def fitting(random: Random, place: Place) -> Any:
    """A value that may stand at a place by what its annotation says, in plain containers."""
    return _fitting(random, place.annotation, place.metadata)


def _fitting(random: Random, annotation: Any, metadata: tuple[Any, ...]) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *inner = get_args(annotation)
        return _fitting(random, base, (*metadata, *inner))
    if origin in (Union, UnionType):
        return _fitting(random, random.choice(get_args(annotation)), metadata)
    if origin is Literal:
        return random.choice(get_args(annotation))
    if origin is tuple:
        items = get_args(annotation)
        count = random.randint(1, 2) if len(items) < 2 or items[1] is ... else len(items)
        return [_fitting(random, items[0] if items[-1] is ... else items[i], ()) for i in range(count)]
    if isinstance(annotation, type) and origin is None:
        return _plain(random, annotation, metadata)
    return {}


def _plain(random: Random, annotation: type, metadata: tuple[Any, ...]) -> Any:
    if issubclass(annotation, Word):
        return random.choice(annotation.specimens()).model_dump(mode="json")
    if issubclass(annotation, Spec):
        required = {name: info for name, info in annotation.model_fields.items() if info.is_required()}
        return {name: _fitting(random, info.annotation, tuple(info.metadata)) for name, info in required.items()}
    if annotation is NoneType:
        return None
    if annotation is bool:
        return random.choice((True, False))
    if annotation in (int, float):
        return _number(random, annotation, metadata)
    return random.choice(("a", "name_1", "x.y-z"))


def _number(random: Random, annotation: type, metadata: tuple[Any, ...]) -> int | float:
    limits = [limit for entry in metadata for limit in getattr(entry, "metadata", [entry])]

    def limit(*names: str) -> Any:
        values = [getattr(entry, name) for entry in limits for name in names if getattr(entry, name, None) is not None]
        return values[0] if values else None

    low, high, step = limit("ge", "gt"), limit("le", "lt"), limit("multiple_of")
    if annotation is int:
        least = (low or 0) + (limit("gt") is not None)
        return random.randint(1, 9) * step if step else random.randint(least, min(high or 9, least + 9))
    low = 0.0 if low is None else low
    return low + random.choice((0.01, 0.1, 0.5, 0.9)) * ((high - low) if high is not None else 1.0)


def plain_kinds(annotation: Any) -> set[type]:
    """The plain types that an annotation allows, null left out; with any other there is `object` among them."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        parts = get_args(annotation)[: 1 if origin is Annotated else None]
        return {kind for part in parts for kind in plain_kinds(part)}
    if annotation is NoneType:
        return set()
    return {annotation} if annotation in (bool, int, float, str) else {object}
