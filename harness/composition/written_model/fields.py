"""Fills the fields of one layer: bare numbers and names, arithmetic, and defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake, shown
from harness.composition.written_model.arithmetic import ArithmeticMistake, whole_number
from harness.composition.written_model.defaults import default_of, words
from harness.composition.written_model.explicit import ExplicitModel, Note, Path
from harness.composition.written_model.forms import Form, forms_of
from harness.spec.layers import Activated

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
        for name, form in forms_of(spec).items():
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
            filled[name] = self._value(form, value, at, origin, parameters)
        return filled | {key: value for key, value in content.items() if key not in filled and key != "kind"}

    def numbers(self, form: Form, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """A value outside of layers, in which numbers may be arithmetic."""
        return self._value(form, value, path, written, parameters)

    def _say_what_lost(self, at: Path, value: Any, lower: list[tuple[Path, Any]]) -> None:
        """Notes the values that other levels state for a field, if they differ from the one that it gets."""
        lost = [f"{dotted(('layer_defaults', *key))}: {shown(other)}" for key, other in lower if other != value]
        if lost:
            before = self.model.notes.get(at, Note("")).text
            self.model.notes[at] = Note(f"{before}{', ' if before else ''}over {', over '.join(lost)}")

    def _value(self, form: Form, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        if form.kind == "layers":
            return self._layers_within(value, path, written, parameters)
        if form.kind == "word":
            return self._word(form, value, path, written, parameters)
        if form.kind == "items":
            return self._items(form, value, path, written, parameters)
        if form.kind == "number" and isinstance(value, str) and value not in form.names:
            return self._number(value, path, written, parameters)
        return value

    def _layers_within(self, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """A list of layers, or a list of such lists (the branches of a layer)."""
        if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            parts = enumerate(value)
            return [self.rows(part, (*path, str(n)), (*written, str(n)), parameters) for n, part in parts]
        return self.rows(value, path, written, parameters)

    def _word(self, form: Form, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """A word within a layer (an activation, an initializer), with its defaults."""
        content = {"kind": value} if isinstance(value, str) else value
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if not isinstance(kind, str) or kind not in form.names or kind not in words():
            return value  # the validation reports the mistake
        filled: dict[str, Any] = {"kind": kind}
        for name, inner in forms_of(words()[kind]).items():
            at = (*path, name)
            if name in content:
                filled[name] = self._value(inner, content[name], at, (*written, name), parameters)
            elif (default := default_of(kind, name)) is not None:
                self.model.notes[at] = Note("default", kind, name)
                filled[name] = self._value(inner, default.value, at, (*written, name), parameters)
        return filled | {key: item for key, item in content.items() if key not in filled}

    def _items(self, form: Form, value: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """The items of a list; a single value stands for each of a list of fixed length."""
        if value is None or isinstance(value, Mapping):
            return value
        if not isinstance(value, list):
            for number in range(len(form.items)):
                self.model.origins[(*path, str(number))] = written
            parts = enumerate(form.items)
            return [self._value(inner, value, (*path, str(n)), written, parameters) for n, inner in parts]
        of_each = form.items if len(form.items) == len(value) else form.items[:1] * len(value)
        items = enumerate(zip(of_each, value, strict=True))
        return [self._value(inner, v, (*path, str(n)), (*written, str(n)), parameters) for n, (inner, v) in items]

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
