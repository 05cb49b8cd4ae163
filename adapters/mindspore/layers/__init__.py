"""Layers in MindSpore, and the crossing of weights: a dense kernel is the transpose of the canonical one.

Every layer is a Cell called as `cell(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty
in evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn

from adapters.mindspore.activations import activation
from adapters.protocol import Array, Parameters, made_by
from adapters.setting import Setting
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer

Made = tuple[Any, dict[str, Any]]


def layer(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    """The layer's Cell, and its parameters under their names within it, which hold the layer's share of `weights`."""
    return made_by(LAYERS, placed.layer, "mindspore")(placed, weights, setting)


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    return Plain(nn.Flatten()), {}


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    word: Any = placed.layer
    dtype = getattr(ms, setting.precision)
    native = nn.Dense(
        placed.input_shape[0],
        word.units,
        weight_init=Tensor(to_native("kernel", weights[f"{placed.name}/kernel"]), dtype),
        bias_init=Tensor(weights[f"{placed.name}/bias"], dtype),
        dtype=dtype,
    )
    return activated({"kernel": native.weight, "bias": native.bias}, native, placed, weights, setting)


def activated(own: dict[str, Any], native: Any, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    """The layer followed by its activation, with what that learns or takes."""
    word: Any = placed.layer
    dtype = getattr(ms, setting.precision)
    learned = {
        p.name: Parameter(Tensor(weights[f"{placed.name}/{p.name}"], dtype), name=p.name)
        for p in word.activation.parameters(placed.output_shape)
    }
    return Activated(native, activation(word.activation, setting), list(learned.values())), {**own, **learned}


LAYERS: dict[type[spec.Layer], Callable[[PlacedLayer, Parameters, Setting], Made]] = {
    spec.Flatten: flatten,
    spec.Dense: dense,
}


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to MindSpore's. `name` is the parameter's name within its layer."""
    return np.ascontiguousarray(value.T) if name == "kernel" else value


def to_canonical(name: str, value: Array) -> Array:
    """From MindSpore's layout to the canonical one; always a copy, for `asnumpy` is a live view."""
    return np.array(value.T if name == "kernel" else value, order="C")


class Plain(nn.Cell):
    """A layer that is the same in training and in evaluation, and takes no noise."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class Activated(nn.Cell):
    """A layer followed by an activation, which may learn parameters of its own or take noise."""

    def __init__(self, native: Any, function: Any, learned: list[Any]) -> None:
        super().__init__()
        self.native, self.function = native, function
        self.learned = ms.ParameterTuple(learned)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.function(self.native(x), *self.learned, *noise)
