"""What every layer in MindSpore is built into, and the crossing of weights.

Every layer is called as `call(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty in
evaluation, and always in canonical layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mindspore import nn, ops

from adapters.mindspore.runtime import floats, variable
from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class BuiltLayer:
    """A Cell, the layouts in which images enter and leave it, and its parameters by their names within the layer.

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
    """A parameter of the layer, in MindSpore's layout, with its share of the weights."""
    return variable(name, initial(name, placed, weights, setting), setting, trainable)


def initial(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Any:
    return floats(to_native(name, weights[f"{placed.name}/{name}"]), setting)


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to MindSpore's. `name` is the parameter's, in full or within its layer.

    A dense kernel (in, out) becomes (out, in), a convolution's (kh, kw, in, out) becomes (out, in, kh, kw), a
    depthwise one (kh, kw, in, multiplier) becomes (in * multiplier, 1, kh, kw).
    """
    if name.endswith("depthwise_kernel"):
        height, width, channels, multiplier = value.shape
        return np.ascontiguousarray(value.transpose(2, 3, 0, 1)).reshape(channels * multiplier, 1, height, width)
    if not name.endswith("kernel"):
        return value
    return np.ascontiguousarray(value.T if value.ndim == 2 else value.transpose(3, 2, 0, 1))


def to_canonical(name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """From MindSpore's layout to the canonical one, of this shape."""
    if name.endswith("depthwise_kernel"):
        return np.ascontiguousarray(value.reshape(*shape[2:], *shape[:2]).transpose(2, 3, 0, 1))
    if not name.endswith("kernel"):
        return value
    return np.ascontiguousarray(value.T if value.ndim == 2 else value.transpose(2, 3, 1, 0))


def turned(x: Any, before: Layout, after: Layout) -> Any:
    """An image in another layout."""
    return x if before == after else ops.transpose(x, TO_FIRST if after == "channels_first" else TO_LAST)


class Plain(nn.Cell):
    """A layer that is the same in training and in evaluation, and takes no noise."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class Row(nn.Cell):
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
        super().__init__()
        self.layers = nn.CellList([layer.call for layer in layers])  # renames the parameters, so that names differ
        self.takes = [layer.takes for layer in layers]
        self.spans, self.before, self.after = spans, before, after
        self.last, self.layout = last, layout

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
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
