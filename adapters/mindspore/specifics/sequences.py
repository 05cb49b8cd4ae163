"""Convolutions over sequences (B, length, channels): between transpositions, and in float64."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.specifics.convolution import Convolution
from adapters.mindspore.specifics.windows import Windows, window_cells
from harness.spec.model import PlacedLayer


def convolution_1d_in_float64(placed: PlacedLayer, parameters: dict[str, Any]) -> Any:
    """The convolution without the activation, as one over images of a single row."""
    word: Any = placed.layer
    shape = (1, *placed.input_shape)
    cells = window_cells(shape, (1, word.kernel_size), (1, word.strides), (1, word.dilation), word.padding)
    return InOneRow(Convolution(Windows(shape, cells, ms.float64), parameters["kernel"], parameters.get("bias")))


class ChannelsBetween(nn.Cell):
    """A layer of sequences (B, channels, length)."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any) -> Any:
        return ops.transpose(self.native(ops.transpose(x, (0, 2, 1))), (0, 2, 1))


class InOneRow(nn.Cell):
    """A layer of images (B, 1, length, channels)."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any) -> Any:
        return self.native(x.expand_dims(1)).squeeze(1)
