"""Layers and models in MindSpore, and the crossing of weights: a dense kernel is the transpose of the canonical one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from adapters.mindspore.activations import activation
from adapters.protocol import Array, Parameters, Realisation, made_by
from harness.spec import layers as spec


def flatten(placed: spec.PlacedLayer, weights: Parameters, dtype: Any) -> Any:
    return nn.Flatten()


def dense(placed: spec.PlacedLayer, weights: Parameters, dtype: Any) -> Any:
    layer: Any = placed.layer
    return nn.Dense(
        placed.input_shape[0],
        layer.units,
        weight_init=Tensor(to_native("kernel", weights[f"{placed.name}/kernel"]), dtype),
        bias_init=Tensor(weights[f"{placed.name}/bias"], dtype),
        activation=None if layer.activation.word() == "linear" else Activated(activation(layer.activation)),
        dtype=dtype,
    )


LAYERS: dict[type[spec.Layer], tuple[Realisation, Callable[[spec.PlacedLayer, Parameters, Any], Any]]] = {
    spec.Flatten: (Realisation("native", "nn.Flatten"), flatten),
    spec.Dense: (Realisation("native", "nn.Dense"), dense),
}
OWN_NAMES = {"weight": "kernel", "bias": "bias"}


def model(word: spec.Model, weights: Parameters, precision: str) -> tuple[Any, dict[str, Any]]:
    """The network, and its parameters under their canonical names."""
    dtype = getattr(ms, precision)
    placed = word.placed_layers()
    cells = [made_by(LAYERS, p.layer, "mindspore")[1](p, weights, dtype) for p in placed]
    named = {
        f"{p.name}/{OWN_NAMES[parameter.name.rpartition('.')[2]]}": parameter
        for p, cell in zip(placed, cells, strict=True)
        for parameter in cell.get_parameters()
    }
    network = nn.SequentialCell(*cells)  # renames the parameters by their place, so that names differ
    return network, {p.name: named[p.name] for p in word.parameters()}


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to MindSpore's. `name` is the parameter's name within its layer."""
    return np.ascontiguousarray(value.T) if name == "kernel" else value


def to_canonical(name: str, value: Array) -> Array:
    """From MindSpore's layout to the canonical one; always a copy, for `asnumpy` is a live view."""
    return np.array(value.T if name == "kernel" else value, order="C")


class Activated(nn.Cell):
    """An activation as the Cell that `nn.Dense` asks for."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any) -> Any:
        return self.function(x)
