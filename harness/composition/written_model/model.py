"""The model that a file states, with everything written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake, no_such, shown
from harness.composition.written_model.defaults import words
from harness.composition.written_model.explicit import ExplicitModel, Path
from harness.composition.written_model.fields import FieldFilling, LayerDefaults
from harness.composition.written_model.forms import form_of
from harness.composition.written_model.parameters import ABOVE, evaluated, refuse_unused
from harness.composition.written_model.rows import RowsOfLayers
from harness.spec.layers import Activated, Layer
from harness.spec.model import Input

_WRITTEN = ("parameters", "layer_defaults", "blocks")
_OF_SPEC = ("input", "layers")


def explicit_model(written: Any, typed_parameters: Iterable[str] = ()) -> ExplicitModel:
    """The explicit form of a written model. What is no model at all is left as it is, for the validation to refuse.

    `parameters`: whole numbers by name. `layer_defaults`: fields of all layers, or by kind of layer. `blocks`: lists of
    layers by name. `layers`: layers, `{repeat: {times, layers}}` and `{block: NAME, PARAMETER: NUMBER}`.
    `typed_parameters`: those that overrides set, of which each must be used.
    """
    model = ExplicitModel(written)
    if not isinstance(written, Mapping):
        return model
    stated = written.get("parameters") or {}
    parameters = evaluated(stated, {}, ABOVE, model)
    if parameters is not None:
        others = [written.get(key) for key in ("input", "layers", "blocks", "layer_defaults")]
        refuse_unused(typed_parameters, stated, others, model)
    defaults = _layer_defaults(written.get("layer_defaults") or {}, model)
    blocks = written.get("blocks") or {}
    if not isinstance(blocks, Mapping):
        _add(model, ("model", "blocks"), f"given {shown(blocks)}; allowed: a mapping from names to lists of layers")
        blocks = {}
    unknown = {key: value for key, value in written.items() if key not in (*_WRITTEN, *_OF_SPEC)}
    for key, value in unknown.items():
        complaint = f"there is no such key (given {shown(value)})"
        _add(model, ("model", key), no_such(complaint, key, (*_OF_SPEC, *_WRITTEN), prefix="model."))
    if parameters is None:
        # Without them the layers cannot be checked: each of their numbers would be a mistake.
        model.refused |= {("model", key) for key in _OF_SPEC}
        model.tree = {key: value for key, value in written.items() if key not in _WRITTEN}
        return model
    rows = RowsOfLayers(model, defaults, blocks)
    model.tree = dict(unknown)
    if "input" in written:
        model.tree["input"] = _input(written["input"], FieldFilling(model, defaults, rows.explicit), parameters)
    if "layers" in written:
        at = ("model", "layers")
        model.tree["layers"] = rows.explicit(written["layers"], at, at, parameters)
        _require_stated_output(model)
    model.mistakes = list(dict.fromkeys(model.mistakes))
    return model


def _input(stated: Any, filling: FieldFilling, parameters: Mapping[str, int]) -> Any:
    """The input: `{shape: [28, 28, 1]}`, or its shape alone."""
    above: Path = ("model", "input")
    written = above
    if isinstance(stated, list):
        filling.model.origins[(*above, "shape")] = above
        stated = {"shape": stated}
    elif isinstance(stated, Mapping) and "shape" in stated:
        written = (*above, "shape")
    else:
        return stated
    form = form_of(Input.model_fields["shape"].annotation)
    shape = filling.numbers(form, stated["shape"], (*above, "shape"), written, parameters)
    return {**stated, "shape": shape}


def _layer_defaults(stated: Any, model: ExplicitModel) -> LayerDefaults:
    """The `layer_defaults`. A key is a field; or a kind of layer, over a mapping of its fields without a `kind`."""
    above = ("model", "layer_defaults")
    if not isinstance(stated, Mapping):
        _add(model, above, f"given {shown(stated)}; allowed: a mapping of fields, or of kinds of layers to fields")
        return LayerDefaults()
    kinds = {word: _fields(spec) for word, spec in words().items() if issubclass(spec, Layer)}
    every_field = {name for names in kinds.values() for name in names}
    of_kind, of_all = dict[str, Mapping[str, Any]](), dict[str, Any]()
    for key, value in stated.items():
        if key in kinds and isinstance(value, Mapping) and "kind" not in value:
            of_kind[key] = value
            for name in value:
                if name not in kinds[key]:
                    complaint = f"{key} has no such field"
                    _add(model, (*above, key, name), no_such(complaint, name, kinds[key]))
        elif key in every_field:
            of_all[key] = value
        elif key in kinds:
            _add(model, (*above, key), f"given {shown(value)}; allowed: a mapping of fields of {key}")
        else:
            complaint = f"this is neither a kind of layer nor a field of one (given {shown(value)})"
            _add(model, (*above, key), no_such(complaint, key, {*kinds, *every_field}))
    return LayerDefaults(of_kind, of_all)


def _fields(spec: Any) -> list[str]:
    return [name for name in spec.model_fields if name not in ("kind", "name", "layers")]


def _require_stated_output(model: ExplicitModel) -> None:
    """Adds a mistake if the activation of the model's output is that of `layer_defaults`, which is hardly meant."""
    layers = model.tree["layers"]
    for index in range(len(layers) - 1, -1, -1) if isinstance(layers, list) else ():
        kind = layers[index].get("kind") if isinstance(layers[index], Mapping) else None
        spec = words().get(kind) if isinstance(kind, str) else None
        if spec is not None and issubclass(spec, Activated):
            at = ("model", "layers", str(index), "activation")
            if model.origins.get(at, ())[:2] == ("model", "layer_defaults"):
                where = dotted((*model.written(at[:3]), "activation"))
                text = f"{where}: state the activation of the output; {dotted(model.origins[at])} is for inner layers"
                model.mistakes.append(Mistake((*model.written(at[:3]), "activation"), text))
            return


def _add(model: ExplicitModel, path: Path, text: str) -> None:
    model.mistakes.append(Mistake(path, f"{dotted(path)}: {text}", covers_below=True))
