"""The dense layer, and activations: as separate layers, and as the last step of another layer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.activations import activation as function
from adapters.tensorflow.layers.base import BuiltLayer, parameter, to_layout
from adapters.tensorflow.realisations.layers import bias_reason
from adapters.tensorflow.specifics.bias import biased
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`activation(x kernel + bias)`."""
    word: Any = placed.layer
    use_bias = word.use_bias and not bias_reason(word, setting)
    native = keras.layers.Dense(word.units, use_bias=use_bias, dtype=setting.policy)
    native.build((None, *placed.input_shape))
    call, bias = biased(native, native, placed, weights, setting)
    return with_activation({"kernel": native.kernel, **bias}, call, placed, weights, setting)


def activation(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """An activation as a separate layer."""
    word: Any = placed.layer
    layout = incoming if word.acts_on_each_value(placed.input_shape) else "channels_last"
    return with_activation({}, tf.identity, placed, weights, setting, layout)


def with_activation(
    parameters: dict[str, Any],
    native: Any,
    placed: PlacedLayer,
    weights: Parameters,
    setting: Setting,
    layout: Layout = "channels_last",
) -> BuiltLayer:
    """The native layer followed by the activation of the word. `layout` is that of images at the native layer."""
    word: Any = placed.layer
    shape = placed.output_shape
    learned = {p.name: parameter(p.name, placed, weights, setting) for p in word.activation.parameters(shape)}
    output_layout: Layout = layout if word.acts_on_each_value(shape) else "channels_last"
    call = LayerWithActivation(native, function(word.activation, setting), learned, layout, output_layout)
    return BuiltLayer(call, layout, output_layout, {**parameters, **learned})


class LayerWithActivation:
    """A native layer followed by an activation, which may have trainable parameters or take noise."""

    def __init__(
        self, native: Any, function: Any, learned: dict[str, Any], input_layout: Layout, output_layout: Layout
    ) -> None:
        self.native, self.function = native, function
        self.input_layout, self.output_layout = input_layout, output_layout
        self.learned = [parameter.value for parameter in learned.values()]

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        z = self.native(x)
        return self.function(to_layout(z, self.input_layout, self.output_layout), *self.learned, *noise)
