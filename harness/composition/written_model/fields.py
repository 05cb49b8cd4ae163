"""Fills the fields of one layer: bare numbers and names, arithmetic, and defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from harness.composition.fields import dotted, literals, specs_in
from harness.composition.mistakes import Mistake, shown
from harness.composition.written_model.arithmetic import ArithmeticMistake, whole_number
from harness.composition.written_model.defaults import default_of, words
from harness.composition.written_model.explicit import ExplicitModel, Note, Path
from harness.spec import Word
from harness.spec.layers import Activated, Layer

Parameters = Mapping[str, int]
Rows = Callable[[Any, Path, Path, Parameters], Any]


@dataclass(frozen=True)
class LayerDefaults:
    """The model's `layer_defaults`: of one kind of layer (`of_kind`), and of every layer that has the field."""

    of_kind: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of_all: Mapping[str, Any] = field(default_factory=dict)

    def levels(self, kind: str, name: str) -> list[tuple[Path, Any]]:
        """The keys below `layer_defaults` that set a field of a kind, with their values; the first one counts.

        An activation of all layers is the one that ends a layer, not one within a recurrent layer.
        """
        levels = [((kind, name), self.of_kind[kind][name])] if name in self.of_kind.get(kind, {}) else []
        is_within = name == "activation" and not issubclass(words()[kind], Activated)
        return [*levels, *([((name,), self.of_all[name])] if name in self.of_all and not is_within else [])]


@dataclass(frozen=True)
class FieldFilling:
    """Makes the fields of words explicit. `rows` makes lists of layers within a layer explicit."""

    model: ExplicitModel
    defaults: LayerDefaults
    rows: Rows

    def layer(self, content: Mapping[str, Any], path: Path, written: Path, parameters: Parameters) -> dict[str, Any]:
        """A layer with every field that it states or that has a default."""
        spec = words()[content["kind"]]
        filled: dict[str, Any] = {"kind": content["kind"]}
        for name, info in spec.model_fields.items():
            if name == "kind":
                continue
            levels = self.defaults.levels(content["kind"], name) if name != "name" else []
            at = (*path, name)
            if name in content:
                value, origin = content[name], (*written, name)
                lower = levels
            elif levels:
                (key, value), *lower = levels
                origin = ("model", "layer_defaults", *key)
                self.model.origins[at] = origin
                self.model.notes[at] = Note(dotted(origin[1:]))
            else:
                default = default_of(content["kind"], name)
                if default is None:
                    continue
                value, origin, lower = default.value, (*written, name), []
                if default.same_as is not None:
                    value = filled.get(default.same_as)  # which stands before it
                    if value is None or (isinstance(value, list) and any(isinstance(item, str) for item in value)):
                        self.model.refused.add((*written, name))  # what is wrong there is reported once
                        continue
                    origin = self.model.written((*path, default.same_as))
                    self.model.origins[at] = origin
                if name != "name":
                    self.model.notes[at] = Note("default", content["kind"], name)
            self._say_what_lost(at, value, lower)
            filled[name] = self._value(info.annotation, value, at, origin, parameters)
        return filled | {key: value for key, value in content.items() if key not in filled and key != "kind"}

    def numbers(self, annotation: Any, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """A value outside of layers, in which numbers may be arithmetic."""
        return self._value(annotation, value, path, written, parameters)

    def _say_what_lost(self, at: Path, value: Any, lower: list[tuple[Path, Any]]) -> None:
        """Notes the values that other levels state for a field, if they differ from the one that it gets."""
        lost = [f"{dotted(('layer_defaults', *key))}: {shown(other)}" for key, other in lower if other != value]
        if lost:
            before = self.model.notes.get(at, Note("")).text
            self.model.notes[at] = Note(f"{before}{', ' if before else ''}over {', over '.join(lost)}")

    def _value(self, annotation: Any, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        annotation = _bare(annotation)
        specs = specs_in(annotation)
        if any(issubclass(spec, Layer) for spec in specs):
            return self._layers_within(value, path, written, parameters)
        if specs and get_origin(annotation) is not tuple:
            return self._word(
                value, path, written, parameters, {spec.word() for spec in specs if issubclass(spec, Word)}
            )
        if get_origin(annotation) is tuple:
            return self._items(get_args(annotation), value, path, written, parameters)
        if isinstance(value, str) and _takes_whole_numbers(annotation) and value not in literals(annotation):
            return self._number(value, path, written, parameters)
        return value

    def _layers_within(self, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """A list of layers, or a list of such lists (the branches of a layer)."""
        if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            parts = enumerate(value)
            return [self.rows(part, (*path, str(n)), (*written, str(n)), parameters) for n, part in parts]
        return self.rows(value, path, written, parameters)

    def _word(self, value: Any, path: Path, written: Path, parameters: Parameters, allowed: set[str]) -> Any:
        """A word within a layer (an activation, an initializer), with its defaults."""
        content = {"kind": value} if isinstance(value, str) else value
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if not isinstance(kind, str) or kind not in allowed & words().keys():
            return value  # the validation reports the mistake
        spec = words()[content["kind"]]
        filled: dict[str, Any] = {"kind": content["kind"]}
        for name, info in spec.model_fields.items():
            if name in content and name != "kind":
                at = ((*path, name), (*written, name), parameters)
                filled[name] = self._value(info.annotation, content[name], *at)
            elif name != "kind" and (default := default_of(content["kind"], name)) is not None:
                self.model.notes[(*path, name)] = Note("default", content["kind"], name)
                filled[name] = self._value(info.annotation, default.value, (*path, name), (*written, name), parameters)
        return filled | {key: item for key, item in content.items() if key not in filled}

    def _items(self, kinds: tuple[Any, ...], value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """The items of a list; a single value stands for each of a list of fixed length."""
        is_open = len(kinds) == 2 and kinds[1] is Ellipsis
        if isinstance(value, list):
            of_each = kinds[:1] * len(value) if is_open or len(kinds) != len(value) else kinds
            parts = enumerate(zip(of_each, value, strict=True))
            return [self._value(kind, v, (*path, str(n)), (*written, str(n)), parameters) for n, (kind, v) in parts]
        if value is None or isinstance(value, Mapping):
            return value
        of_each = kinds[:1] if is_open else kinds
        for number in range(len(of_each)):
            self.model.origins[(*path, str(number))] = written
        return [self._value(kind, value, (*path, str(n)), written, parameters) for n, kind in enumerate(of_each)]

    def _number(self, text: str, path: Path, written: Path, parameters: Parameters) -> Any:
        try:
            number = whole_number(text, parameters)
        except ArithmeticMistake as mistake:
            self.model.mistakes.append(Mistake(written, f"{dotted(written)}: {mistake}", covers_below=True))
            return text
        if not text.strip().isdecimal():
            before = self.model.notes.get(path, Note("")).text
            self.model.notes[path] = Note(f"{text}{', ' if before else ''}{before}")
        return number


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _takes_whole_numbers(annotation: Any) -> bool:
    annotation = _bare(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_takes_whole_numbers, get_args(annotation)))
    return annotation is int
