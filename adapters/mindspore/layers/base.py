"""The form of every layer in MindSpore, and the conversion of weights between layouts.

Every layer is called as `call(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty in
evaluation, and always in canonical layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from adapters.gates import CANONICAL_ORDERS, GATES, reordered
from adapters.mindspore.runtime import floats, variable
from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class BuiltLayer:
    """A Cell, the layouts in which images enter and leave it, and its parameters by their names within the layer.

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
    """A parameter of the layer, in MindSpore's layout, initialised from the weights."""
    return variable(name, initial_value(name, placed, weights, setting), setting, trainable)


def initial_value(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Any:
    """The weights of the parameter in the framework's layout, as a tensor."""
    return floats(to_native(name, weights[f"{placed.name}/{name}"]), setting)


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to MindSpore's. `name` is the parameter's, in full or within its layer.

    A dense kernel (in, out) becomes (out, in), a convolution's (kh, kw, in, out) becomes (out, in, kh, kw), a
    depthwise one (kh, kw, in, multiplier) becomes (in * multiplier, 1, kh, kw), one over sequences (k, in, out) becomes
    (out, in, 1, k). A transposed convolution's (kh, kw, out, in) becomes (in, out, kh, kw). Of a GRU the
    gates are in another order.
    """
    if _is_of_gru(name):
        value = reordered(value, CANONICAL_ORDERS["gru"], GATES["mindspore"]["GRU"].order)
    if name.endswith("depthwise_kernel"):
        height, width, channels, multiplier = value.shape
        return np.ascontiguousarray(value.transpose(2, 3, 0, 1)).reshape(channels * multiplier, 1, height, width)
    if not name.endswith("kernel") or _is_of_heads(name):
        return value
    if value.ndim == 3:
        value = value[None]
    return np.ascontiguousarray(value.T if value.ndim == 2 else value.transpose(3, 2, 0, 1))


def to_canonical(name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """From MindSpore's layout to the canonical one, of this shape."""
    if _is_of_gru(name):
        turned = value.T if name.endswith("kernel") else value
        return np.ascontiguousarray(reordered(turned, GATES["mindspore"]["GRU"].order, CANONICAL_ORDERS["gru"]))
    if name.endswith("depthwise_kernel"):
        return np.ascontiguousarray(value.reshape(*shape[2:], *shape[:2]).transpose(2, 3, 0, 1))
    if not name.endswith("kernel") or _is_of_heads(name):
        return value
    return np.ascontiguousarray(value.T if value.ndim == 2 else value.transpose(2, 3, 1, 0)).reshape(shape)


def _is_of_gru(name: str) -> bool:
    return name.rpartition("/")[2].startswith("gru_")


def _is_of_heads(name: str) -> bool:
    """Whether it is a kernel of an attention, which has an axis of heads and stays as it is."""
    return name.rpartition("/")[2] in ("query_kernel", "key_kernel", "value_kernel", "output_kernel")


def to_layout(x: Any, source: Layout, target: Layout) -> Any:
    """A batch of images, transposed from the layout `source` to `target`."""
    return x if source == target else ops.transpose(x, TO_FIRST if target == "channels_first" else TO_LAST)


class PlainLayer(nn.Cell):
    """A native layer that computes the same in training and in evaluation, without noise."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class InPrecision(nn.Cell):
    """A network that computes in 16 bits, whose output is cast to the precision of the loss."""

    def __init__(self, network: Any, precision: str) -> None:
        super().__init__()
        self.network, self.precision = network, getattr(ms, precision)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return ops.cast(self.network(x, training, noise), self.precision)


class InHalf(nn.Cell):
    """A function of tensors, computed in 16 bits: they are cast to it, and the result back to their precision."""

    def __init__(self, function: Any, half: str) -> None:
        super().__init__()
        self.function, self.half = function, getattr(ms, half)

    def construct(self, x: Any, *extra: Any) -> Any:
        cast_extra: Any = ()
        for tensor in extra:
            cast_extra += (ops.cast(tensor, self.half),)
        return ops.cast(self.function(ops.cast(x, self.half), *cast_extra), x.dtype)


class Row(nn.Cell):
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
        super().__init__()
        self.precision, self.half = getattr(ms, setting.precision), getattr(ms, setting.compute_dtype)
        self.is_half = setting.half is not None
        # CellList renames the parameters, so that their names differ.
        self.layers = nn.CellList([layer.call for layer in layers])
        self.native_layouts = [layer.input_layout for layer in layers]
        self.noise_spans, self.input_layouts, self.output_layouts = noise_spans, input_layouts, output_layouts
        self.last_layout, self.layout = last_layout, layout

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        x = ops.cast(x, self.half) if self.is_half else x
        for index, layer in enumerate(self.layers):
            start, end = self.noise_spans[index]
            x = to_layout(x, self.input_layouts[index], self.native_layouts[index])
            x = layer(x, training, noise[start:end])
        return to_layout(x, self.last_layout, self.layout)

    def outputs(self, x: Any, training: bool, noise: Any) -> Any:
        """The output of each layer, images (B, H, W, C)."""
        outputs: Any = ()
        x = ops.cast(x, self.half) if self.is_half else x
        for index, layer in enumerate(self.layers):
            start, end = self.noise_spans[index]
            x = to_layout(x, self.input_layouts[index], self.native_layouts[index])
            x = layer(x, training, noise[start:end])
            output = to_layout(x, self.output_layouts[index], "channels_last")
            outputs += (ops.cast(output, self.precision) if self.is_half else output,)
        return outputs
