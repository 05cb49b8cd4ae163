"""Writes out lists of layers: repeats, blocks, and the fields of each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake, no_such, shown
from harness.composition.written_model.arithmetic import ArithmeticMistake, whole_number
from harness.composition.written_model.defaults import words
from harness.composition.written_model.explicit import ExplicitModel, Path
from harness.composition.written_model.fields import FieldFilling, LayerDefaults, Parameters
from harness.composition.written_model.parameters import evaluated
from harness.spec.layers import Layer
from harness.spec.model import MOST_LAYERS

_CHOICES = ("kind", "repeat", "block")
_FORMS = "a layer with its kind, {repeat: {times: 3, layers: [...]}} or {block: NAME}"
_OF_REPEAT = ("times", "layers")


@dataclass
class RowsOfLayers:
    """Writes out the layers of one model, with what is wrong in them added to `model.mistakes`."""

    model: ExplicitModel
    defaults: LayerDefaults
    blocks: Mapping[str, Any]
    _layers: int = 0
    _open_blocks: list[str] = field(default_factory=list)

    def explicit(self, entries: Any, path: Path, written: Path, parameters: Parameters) -> Any:
        """The layers that a list of entries stands for; what is no list is left to the validation."""
        if not isinstance(entries, list):
            return entries
        layers: list[Any] = []
        self._add(entries, layers, path, written, parameters, "")
        return layers

    def _add(
        self, entries: Any, layers: list[Any], path: Path, written: Path, parameters: Parameters, suffix: str
    ) -> None:
        """Adds the layers of the entries to `layers`, whose path is `path`. `suffix`: of names, in a repeat."""
        if not isinstance(entries, list):
            self._mistake(written, f"given {shown(entries)}; allowed: a list of layers")
            return
        for index, entry in enumerate(entries):
            place = (*written, str(index))
            chosen = [key for key in _CHOICES if isinstance(entry, Mapping) and key in entry]
            if self._layers > MOST_LAYERS:
                written_out = "once repeats and blocks are written out"
                too_many = f"model.layers: more layers {written_out}; allowed: a list of 1 to {MOST_LAYERS}"
                self.model.mistakes.append(Mistake(("model", "layers"), too_many, covers_below=True))
                return
            if len(chosen) > 1:
                self._mistake(place, f"given {' and '.join(chosen)}; allowed: one of {', '.join(_CHOICES)}")
                self._refuse(entry, layers, path, place)
            elif chosen == ["repeat"]:
                self._add_repeat(entry, layers, path, place, parameters, suffix)
            elif chosen == ["block"]:
                self._add_block(entry, layers, path, place, parameters, suffix)
            else:
                self._add_layer(entry, layers, path, place, parameters, suffix)

    def _add_layer(
        self, entry: Any, layers: list[Any], path: Path, written: Path, parameters: Parameters, suffix: str
    ) -> None:
        content = {"kind": entry} if isinstance(entry, str) else entry
        if isinstance(content, Mapping) and "kind" not in content:
            self._mistake(written, f"given {shown(dict(content))}; allowed: {_FORMS}")
        elif isinstance(content, Mapping) and isinstance(content["kind"], str):
            spec = words().get(content["kind"])
            if spec is not None and issubclass(spec, Layer):
                if suffix and isinstance(content.get("name"), str):
                    content = {**content, "name": content["name"] + suffix}
                self._layers += 1
                filling = FieldFilling(self.model, self.defaults, self.explicit)
                at = (*path, str(len(layers)))
                self.model.origins[at] = written
                layers.append(filling.layer(content, at, written, parameters))
                return
        self._append(entry, layers, path, written)

    def _refuse(self, entry: Any, layers: list[Any], path: Path, written: Path) -> None:
        """Adds an entry as it is, of which a mistake has been reported."""
        self.model.refused.add(written)
        self._append(entry, layers, path, written)

    def _append(self, entry: Any, layers: list[Any], path: Path, written: Path) -> None:
        """Adds an entry as it is; the validation reports what is wrong in it."""
        self._layers += 1
        self.model.origins[(*path, str(len(layers)))] = written
        layers.append(entry)

    def _add_repeat(
        self, entry: Any, layers: list[Any], path: Path, written: Path, parameters: Parameters, suffix: str
    ) -> None:
        content, place = entry["repeat"], (*written, "repeat")
        if len(entry) > 1 or not isinstance(content, Mapping) or set(content) != set(_OF_REPEAT):
            self._mistake(written, f"given {shown(entry)}; allowed: {{repeat: {{times: 3, layers: [...]}}}}")
            self._refuse(entry, layers, path, written)
            return
        times = self._whole(content["times"], (*place, "times"), parameters)
        if times is None:
            self._refuse(entry, layers, path, written)
        elif not 0 <= times <= MOST_LAYERS:
            self._mistake((*place, "times"), f"given {times}; allowed: 0 to {MOST_LAYERS}")
            self._refuse(entry, layers, path, written)
        else:
            for turn in range(1, times + 1):
                before = self._layers
                at = ((*place, "layers"), parameters, f"{suffix}_{turn}")
                self._add(content["layers"], layers, path, *at)
                if self._layers == before:
                    break  # nothing is repeated, or the model is full

    def _add_block(
        self, entry: Any, layers: list[Any], path: Path, written: Path, parameters: Parameters, suffix: str
    ) -> None:
        name = entry["block"]
        place = (*written, "block")
        if not isinstance(name, str) or name not in self.blocks:
            self._mistake(place, no_such(f"there is no block {shown(name)}", name, self.blocks))
        elif name in self._open_blocks:
            self._mistake(place, f"the block {name} contains itself")
        else:
            block = self.blocks[name]
            block = {"layers": block} if isinstance(block, list) else block
            if not isinstance(block, Mapping) or "layers" not in block or set(block) - {"parameters", "layers"}:
                self._mistake(
                    ("model", "blocks", name),
                    f"given {shown(block)}; allowed: a list of layers, or {{parameters: {{...}}, layers: [...]}}",
                )
            else:
                self._add_layers_of_block(name, block, entry, layers, path, written, parameters, suffix)
                return
        self._refuse(entry, layers, path, written)

    def _add_layers_of_block(
        self,
        name: str,
        block: Mapping[str, Any],
        entry: Mapping[str, Any],
        layers: list[Any],
        path: Path,
        written: Path,
        parameters: Parameters,
        suffix: str,
    ) -> None:
        declared = block.get("parameters") or {}
        above = ("model", "blocks", name)
        given: dict[str, int] = {}
        if not isinstance(declared, Mapping):
            self._mistake((*above, "parameters"), f"given {shown(declared)}; allowed: a mapping from names to numbers")
            self._refuse(entry, layers, path, written)
            return
        is_complete = True
        for key, value in entry.items():
            if key == "block":
                continue
            if key not in declared:
                allowed = no_such(f"block {name} has no parameter {key}", key, declared)
                self._mistake((*written, key), allowed if declared else f"block {name} has no parameters")
                is_complete = False
            elif (number := self._whole(value, (*written, key), parameters)) is None:
                is_complete = False
            else:
                given[key] = number
        missing = [key for key, value in declared.items() if value is None and key not in entry] if is_complete else []
        if missing:
            self._mistake(written, f"block {name} needs {', '.join(missing)}")
        if missing or not is_complete:
            self._refuse(dict(entry), layers, path, written)
            return
        own = {key: given.get(key, value) for key, value in declared.items()}
        values = evaluated(own, parameters, (*above, "parameters"), self.model)
        if values is None:
            self._refuse(dict(entry), layers, path, written)
            return
        self._open_blocks.append(name)
        at = ((*above, "layers"), {**parameters, **values}, suffix)
        self._add(block["layers"], layers, path, *at)
        self._open_blocks.pop()

    def _whole(self, value: Any, path: Path, parameters: Parameters) -> int | None:
        """A number, or arithmetic that makes one; None, and a mistake, if it is neither."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            try:
                return whole_number(value, parameters)
            except ArithmeticMistake as mistake:
                self._mistake(path, str(mistake))
                return None
        self._mistake(path, f"given {shown(value)}; allowed: a whole number or arithmetic of parameters")
        return None

    def _mistake(self, path: Path, text: str) -> None:
        self.model.mistakes.append(Mistake(path, f"{dotted(path)}: {text}", covers_below=True))
