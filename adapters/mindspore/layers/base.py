"""What every layer in MindSpore is made into, and the crossing of weights.

Every layer is a Cell called as `cell(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty
in evaluation, and always in canonical layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class Made:
    """A Cell, its parameters under their names within the layer, and in which layout images enter and leave it."""

    cell: Any
    takes: Layout = "channels_last"
    gives: Layout = "channels_last"
    parameters: dict[str, Any] = field(default_factory=dict)


# The last argument: the layout in which an image comes from the layer before.
Make = Callable[[PlacedLayer, Parameters, Setting, Layout], Made]


def parameter(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting, trainable: bool = True) -> Any:
    """A parameter of the layer, in MindSpore's layout, with its share of the weights."""
    return Parameter(initial(name, placed, weights, setting), name=name, requires_grad=trainable)


def initial(name: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> Any:
    return Tensor(to_native(name, weights[f"{placed.name}/{name}"]), getattr(ms, setting.precision))


def to_native(name: str, value: Array) -> Array:
    """From the canonical layout to MindSpore's. `name` is the parameter's name within its layer.

    A dense kernel (in, out) becomes (out, in), a convolution's (kh, kw, in, out) becomes (out, in, kh, kw), a
    depthwise one (kh, kw, in, multiplier) becomes (in * multiplier, 1, kh, kw).
    """
    if name == "depthwise_kernel":
        height, width, channels, multiplier = value.shape
        return np.ascontiguousarray(value.transpose(2, 3, 0, 1)).reshape(channels * multiplier, 1, height, width)
    if not name.endswith("kernel"):
        return value
    return np.ascontiguousarray(value.T if value.ndim == 2 else value.transpose(3, 2, 0, 1))


def to_canonical(name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """From MindSpore's layout to the canonical one, of this shape; always a copy, for `asnumpy` is a live view."""
    if name == "depthwise_kernel":
        return np.array(value.reshape(*shape[2:], *shape[:2]).transpose(2, 3, 0, 1), order="C")
    if not name.endswith("kernel"):
        return np.array(value, order="C")
    return np.array(value.T if value.ndim == 2 else value.transpose(2, 3, 1, 0), order="C")


class Plain(nn.Cell):
    """A layer that is the same in training and in evaluation, and takes no noise."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.native(x)


class Turned(nn.Cell):
    """An image in another layout."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = axes

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return ops.transpose(x, self.axes)


def turns(before: Layout, after: Layout) -> list[Any]:
    """The Cell that leads from one layout to another; none where they are the same."""
    return [] if before == after else [Turned(TO_FIRST if after == "channels_first" else TO_LAST)]


class Row(nn.Cell):
    """Cells applied in order, each to its share of the noise.

    `ends`: the numbers of those that end a layer; `layouts`: the layout that each of these gives images in.
    """

    def __init__(self, cells: list[Any], spans: list[tuple[int, int]], ends: list[int], layouts: list[Layout]) -> None:
        super().__init__()
        self.cells_in_order = nn.CellList(cells)  # renames the parameters, so that names differ
        self.spans, self.ends, self.layouts = spans, tuple(ends), layouts

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        for index, cell in enumerate(self.cells_in_order):
            start, end = self.spans[index]
            x = cell(x, training, noise[start:end])
        return x

    def outputs(self, x: Any, training: bool, noise: Any) -> Any:
        """What each layer gives, images (B, H, W, C)."""
        found: Any = ()
        for index, cell in enumerate(self.cells_in_order):
            start, end = self.spans[index]
            x = cell(x, training, noise[start:end])
            if index in self.ends:
                found += (ops.transpose(x, TO_LAST) if self.layouts[len(found)] == "channels_first" else x,)
        return found
