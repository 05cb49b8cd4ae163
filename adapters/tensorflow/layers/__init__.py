"""Layers in Keras, whose layout of weights is the canonical one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from adapters.protocol import Parameters, made_by
from adapters.setting import Setting
from adapters.tensorflow.activations import activation
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer


@dataclass(frozen=True)
class Made:
    """`call(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty in evaluation."""

    call: Callable[[Any, bool, Any], Any]
    variables: dict[str, Any] = field(default_factory=dict)


def layer(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    """The layer with its variables, under their names within it, which hold the layer's share of `weights`."""
    made = made_by(LAYERS, placed.layer, "tensorflow")(placed, weights, setting)
    for name, variable in made.variables.items():
        variable.assign(weights[f"{placed.name}/{name}"])
    return made


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    native = keras.layers.Flatten(dtype=setting.precision)
    return Made(lambda x, training, noise: native(x))


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    word: Any = placed.layer
    native = keras.layers.Dense(word.units, dtype=setting.precision)
    native.build((None, *placed.input_shape))
    return activated({"kernel": native.kernel, "bias": native.bias}, native, placed, weights, setting)


def activated(own: dict[str, Any], native: Any, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Made:
    """The layer followed by its activation, with what that learns or takes."""
    word: Any = placed.layer
    function = activation(word.activation, setting)
    learned = {
        p.name: keras.Variable(weights[f"{placed.name}/{p.name}"], dtype=setting.precision, name=p.name)
        for p in word.activation.parameters(placed.output_shape)
    }

    def call(x: Any, training: bool, noise: Any) -> Any:
        return function(native(x), *(variable.value for variable in learned.values()), *noise)

    return Made(call, {**own, **learned})


LAYERS: dict[type[spec.Layer], Callable[[PlacedLayer, Parameters, Setting], Made]] = {
    spec.Flatten: flatten,
    spec.Dense: dense,
}
