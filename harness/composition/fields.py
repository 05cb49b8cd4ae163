"""What a spec allows at a dotted path, read from its annotations, so that messages and completion follow it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from harness.composition.stated import StatedExperiment
from harness.spec import Spec, Word
from harness.spec.numbers import LARGEST_INT32, LARGEST_INT64

_NOUNS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    NoneType: "null",
}
# Limits that a message mentions only if the value exceeds them.
REPRESENTABLE = (LARGEST_INT32, LARGEST_INT64)
_LIMITS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def dotted(path: tuple[str, ...]) -> str:
    """The path as a user types it: `model.layers.1.units`."""
    return ".".join(path)


def specs_in(annotation: Any) -> tuple[type[Spec], ...]:
    """The spec classes that an annotation mentions, each once."""
    if get_origin(annotation) is None and isinstance(annotation, type):
        return (annotation,) if issubclass(annotation, Spec) else ()
    return tuple(dict.fromkeys(spec for part in get_args(annotation) for spec in specs_in(part)))


def words_of(specs: tuple[type[Spec], ...]) -> tuple[str, ...]:
    """The values of `kind` that select among the members of a family; specs without a kind are left out."""
    return tuple(spec.word() for spec in specs if issubclass(spec, Word))


@dataclass(frozen=True)
class Place:
    """A place in a spec: its path, the annotation of its values (None if no spec has it), and their limits."""

    path: tuple[str, ...] = ()
    annotation: Any = StatedExperiment
    metadata: tuple[Any, ...] = field(default=())

    @property
    def specs(self) -> tuple[type[Spec], ...]:
        """The spec classes that may stand here."""
        return specs_in(self.annotation)

    @property
    def is_collection(self) -> bool:
        """Whether a list or a mapping with free keys stands here, not a spec."""
        return get_origin(self.annotation) in (tuple, dict)

    def field_names(self) -> tuple[str, ...]:
        """The keys that may stand below this place."""
        return tuple(dict.fromkeys(name for spec in self.specs for name in spec.model_fields))

    def below(self, key: str) -> Place:
        """The place of a field, or of an item of a list or mapping."""
        path = (*self.path, key)
        if self.is_collection:
            item = get_args(self.annotation)[1 if get_origin(self.annotation) is dict else 0]
            return Place(path, *_without_annotated(item))
        if len(self.specs) == 1 and key in self.specs[0].model_fields:
            info = self.specs[0].model_fields[key]
            return Place(path, info.annotation, tuple(info.metadata))
        return Place(path, None)

    def members(self) -> list[Place]:
        """The same place for each kind that may stand here."""
        return [Place(self.path, spec) for spec in self.specs]

    def narrowed(self, word: str) -> Place:
        """The same place, restricted to the spec whose `kind` is `word`."""
        return Place(self.path, next(spec for spec in self.specs if issubclass(spec, Word) and spec.word() == word))

    def allowed(self) -> str:
        """What may stand here, in words."""
        return _in_words(self.annotation, self.metadata)


def locate(loc: tuple[int | str, ...], whole: type[Spec] = StatedExperiment) -> Place:
    """The place of a validation error. The tags of unions in `loc` are left out, since users do not type them."""
    place = Place(annotation=whole)
    for part in loc:
        # In pydantic's location the chosen `kind` follows the key of a family.
        is_tag = isinstance(part, str) and len(place.specs) > 1 and not place.is_collection
        place = place.narrowed(str(part)) if is_tag else place.below(str(part))
    return place


def places_at(path: tuple[str, ...], whole: type[Spec] = StatedExperiment) -> list[Place]:
    """The places at a typed path, for every kind that may be chosen above it; empty if no spec has the path."""
    places = [Place(annotation=whole)]
    for key in path:
        parents = [parent for place in places for parent in ([place] if place.is_collection else place.members())]
        places = [child for parent in parents if (child := parent.below(key)).annotation is not None]
    return places


def literals(annotation: Any) -> tuple[str, ...]:
    """The words of an enumeration, or false and true, as they are typed; empty for other annotations."""
    if annotation is bool:
        return ("false", "true")
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return tuple(word for part in get_args(annotation) for word in literals(part))
    return ()


def _without_annotated(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type inside `Annotated` and its limits; the annotation itself and no limits otherwise."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    base, *metadata = get_args(annotation)
    # A `Field(...)` among the metadata has its limits in a list `metadata`.
    return base, tuple(limit for entry in metadata for limit in getattr(entry, "metadata", [entry]))


def _in_words(annotation: Any, metadata: tuple[Any, ...]) -> str:
    annotation, limits = _without_annotated(annotation)
    metadata = (*metadata, *limits)
    origin = get_origin(annotation)
    if specs_in(annotation) and origin is not tuple:
        words = words_of(specs_in(annotation))
        return f"a mapping whose kind is one of {', '.join(words)}" if words else "a mapping of fields"
    if origin in (Union, UnionType):
        return " or ".join(_in_words(part, metadata if part is not NoneType else ()) for part in get_args(annotation))
    if origin is Literal:
        return ", ".join(literals(annotation))
    if origin is dict:
        return "a mapping"
    if origin is tuple:
        least = next((m.min_length for m in metadata if hasattr(m, "min_length")), 0)
        most = next((m.max_length for m in metadata if hasattr(m, "max_length")), 0)
        count = f" of {least} to {most}" if most else f" of at least {least}" if least else ""
        return f"a list{count}, each {_in_words(get_args(annotation)[0], ())}"
    return _NOUNS.get(annotation, "another value") + _limits(metadata)


def _limits(metadata: tuple[Any, ...]) -> str:
    limits = [
        f"{sign} {limit if isinstance(limit, int) else format(limit, 'g')}"
        for entry in metadata
        for name, sign in _LIMITS.items()
        if (limit := getattr(entry, name, None)) not in (None, *REPRESENTABLE)
    ]
    multiples = [f", a multiple of {entry.multiple_of:g}" for entry in metadata if getattr(entry, "multiple_of", None)]
    patterns = [f" matching {entry.pattern}" for entry in metadata if getattr(entry, "pattern", None)]
    longest = [f" of at most {entry.max_length} characters" for entry in metadata if getattr(entry, "max_length", None)]
    return (" " + " and ".join(limits) if limits else "") + "".join((*multiples, *longest, *patterns))
