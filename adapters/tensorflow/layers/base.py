"""What every layer in TensorFlow is built into, and the crossing of weights.

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

    `outputs`, of layers in a row, is called likewise and gives the output of each, images (B, H, W, C).
    """

    call: Any
    takes: Layout = "channels_last"
    gives: Layout = "channels_last"
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: Any = None


# The last argument: the layout in which an image comes from the layer before.
LayerBuilder = Callable[[PlacedLayer, Parameters, Setting, Layout], BuiltLayer]


def parameter(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting, trainable: bool = True) -> Any:
    """A parameter of the layer, in Keras' layout, with its share of the weights."""
    return variable(name, initial(name, placed, weights, setting), setting, trainable)


def initial(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Any:
    return floats(to_native(name, weights[f"{placed.name}/{name}"]), setting)


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to Keras', which is the same. `name` is the parameter's, in full or in its layer."""
    return value


def to_canonical(name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """From Keras' layout to the canonical one, of this shape."""
    return value


def turned(x: Any, before: Layout, after: Layout) -> Any:
    """An image in another layout."""
    return x if before == after else tf.transpose(x, TO_FIRST if after == "channels_first" else TO_LAST)


class Plain:
    """A layer that is the same in training and in evaluation, and takes no noise."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class Row:
    """Layers applied in order, each to its share of the noise.

    `spans`: the places of each layer's noise; `before` and `after`: the layouts that its input comes in and its output
    lies in; `last` and `layout`: those that the last output lies in and leaves in.
    """

    def __init__(
        self,
        layers: list[BuiltLayer],
        spans: list[tuple[int, int]],
        before: list[Layout],
        after: list[Layout],
        last: Layout,
        layout: Layout,
    ) -> None:
        self.layers = [layer.call for layer in layers]
        self.takes = [layer.takes for layer in layers]
        self.spans, self.before, self.after = spans, before, after
        self.last, self.layout = last, layout

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        for index, layer in enumerate(self.layers):
            start, end = self.spans[index]
            x = layer(turned(x, self.before[index], self.takes[index]), training, noise[start:end])
        return turned(x, self.last, self.layout)

    def outputs(self, x: Any, training: bool, noise: Any) -> Any:
        """What each layer gives, images (B, H, W, C)."""
        outputs: Any = ()
        for index, layer in enumerate(self.layers):
            start, end = self.spans[index]
            x = layer(turned(x, self.before[index], self.takes[index]), training, noise[start:end])
            outputs += (turned(x, self.after[index], "channels_last"),)
        return outputs
