"""The form of every layer in TensorFlow, and the conversion of weights between layouts.

Every layer is called as `call(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty in
evaluation, and always in canonical layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from adapters.tensorflow.runtime import floats, variable
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class BuiltLayer:
    """A function, the layouts in which images enter and leave it, and its parameters by their names within the layer.

    For several layers in order, `outputs` is called like `call` and returns the output of each, images (B, H, W, C).
    """

    call: Any
    input_layout: Layout = "channels_last"
    output_layout: Layout = "channels_last"
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: Any = None


# The last argument is the layout in which the layer before outputs an image.
LayerBuilder = Callable[[PlacedLayer, Parameters, Setting, Layout], BuiltLayer]


def parameter(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting, trainable: bool = True) -> Any:
    """A parameter of the layer, in Keras' layout, initialised from the weights."""
    return variable(name, initial_value(name, placed, weights, setting), setting, trainable)


def initial_value(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Any:
    """The weights of the parameter in the framework's layout, as a tensor."""
    return floats(to_native(name, weights[f"{placed.name}/{name}"]), setting)


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to Keras', which is the same. `name` is the parameter's, in full or in its layer."""
    return value


def to_canonical(name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """From Keras' layout to the canonical one, of this shape."""
    return value


def to_layout(x: Any, source: Layout, target: Layout) -> Any:
    """A batch of images, transposed from the layout `source` to `target`."""
    return x if source == target else tf.transpose(x, TO_FIRST if target == "channels_first" else TO_LAST)


class PlainLayer:
    """A native layer that computes the same in training and in evaluation, without noise."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class InPrecision:
    """A network that computes in 16 bits, whose output is cast to the precision of the loss."""

    def __init__(self, network: Any, precision: str) -> None:
        self.network, self.precision = network, precision

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        return tf.cast(self.network(x, training, noise), self.precision)


class InHalf:
    """A function of tensors, computed in 16 bits: they are cast to it, and the result back to their precision."""

    def __init__(self, function: Any, half: str) -> None:
        self.function, self.half = function, half

    def __call__(self, x: Any, *extra: Any) -> Any:
        return tf.cast(self.function(*(tf.cast(tensor, self.half) for tensor in (x, *extra))), x.dtype)


class Row:
    """Layers applied in order, each with its part of the noise. The input is cast to the precision of the layers.

    `noise_spans` are the positions of each layer's noise. `input_layouts` and `output_layouts` are the layouts in which
    the input of each layer arrives and its output leaves it. `last_layout` is the layout of the last output, which is
    returned in `layout`.
    """

    def __init__(
        self,
        layers: list[BuiltLayer],
        noise_spans: list[tuple[int, int]],
        input_layouts: list[Layout],
        output_layouts: list[Layout],
        last_layout: Layout,
        layout: Layout,
        setting: Setting,
    ) -> None:
        self.precision, self.half = setting.precision, setting.compute_dtype
        self.is_half = setting.half is not None
        self.layers = [layer.call for layer in layers]
        self.native_layouts = [layer.input_layout for layer in layers]
        self.noise_spans, self.input_layouts, self.output_layouts = noise_spans, input_layouts, output_layouts
        self.last_layout, self.layout = last_layout, layout

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        x = tf.cast(x, self.half) if self.is_half else x
        for index, layer in enumerate(self.layers):
            start, end = self.noise_spans[index]
            x = to_layout(x, self.input_layouts[index], self.native_layouts[index])
            x = layer(x, training, noise[start:end])
        return to_layout(x, self.last_layout, self.layout)

    def outputs(self, x: Any, training: bool, noise: Any) -> Any:
        """The output of each layer, images (B, H, W, C)."""
        outputs: Any = ()
        x = tf.cast(x, self.half) if self.is_half else x
        for index, layer in enumerate(self.layers):
            start, end = self.noise_spans[index]
            x = to_layout(x, self.input_layouts[index], self.native_layouts[index])
            x = layer(x, training, noise[start:end])
            output = to_layout(x, self.output_layouts[index], "channels_last")
            outputs += (tf.cast(output, self.precision) if self.is_half else output,)
        return outputs
