"""The dense layer, and activations: as layers of their own, and as the last step of another."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.activations import activation as function
from adapters.tensorflow.layers.base import Made, turned
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    native = keras.layers.Dense(word.units, use_bias=word.use_bias, dtype=setting.precision)
    native.build((None, *placed.input_shape))
    bias = {"bias": native.bias} if word.use_bias else {}
    return activated({"kernel": native.kernel, **bias}, native, placed, weights, setting)


def activation(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    layout = incoming if word.acts_on_each_value(placed.input_shape) else "channels_last"
    return activated({}, lambda x: x, placed, weights, setting, layout)


def activated(
    own: dict[str, Any],
    native: Any,
    placed: PlacedLayer,
    weights: Parameters,
    setting: Setting,
    layout: Layout = "channels_last",
) -> Made:
    """The layer followed by its activation, with what that learns or takes. `layout`: of images around the layer."""
    word: Any = placed.layer
    shape = placed.output_shape
    learned = {
        p.name: keras.Variable(weights[f"{placed.name}/{p.name}"], dtype=setting.precision, name=p.name)
        for p in word.activation.parameters(shape)
    }
    after: Layout = layout if word.acts_on_each_value(shape) else "channels_last"
    apply = function(word.activation, setting)

    def call(x: Any, training: bool, noise: Any) -> Any:
        z = turned(native(x), layout, after)
        return apply(z, *(variable.value for variable in learned.values()), *noise)

    return Made(call, layout, after, {**own, **learned})
