"""Pooling in float64, channels last. MindSpore's own classes compute it, or its gradient, in float32."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.specifics.windows import Windows, window_cells
from harness.spec.model import PlacedLayer


def max_pooling(placed: PlacedLayer) -> Any:
    """Max pooling of the layer."""
    return MaxPooling(_windows(placed, float(np.finfo(np.float64).min)))


def average_pooling(placed: PlacedLayer) -> Any:
    """Average pooling of the layer."""
    word: Any = placed.layer
    cells = window_cells(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding)
    cells_inside = (cells < placed.input_shape[0] * placed.input_shape[1]).sum(axis=-1, keepdims=True)
    return AveragePooling(_windows(placed), Tensor(cells_inside, ms.float64))


def _windows(placed: PlacedLayer, padding_value: float = 0.0) -> Windows:
    word: Any = placed.layer
    cells = window_cells(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding)
    return Windows(placed.input_shape, cells, ms.float64, padding_value)


class MaxPooling(nn.Cell):
    """The largest value of each window. `ops.max` passes the gradient to the first of equal values."""

    def __init__(self, windows: Any) -> None:
        super().__init__()
        self.windows = windows

    def construct(self, x: Any) -> Any:
        value, _ = ops.max(self.windows(x), 3)
        return value


class AveragePooling(nn.Cell):
    """The sum of each window divided by the number of its cells that lie in the image."""

    def __init__(self, windows: Any, cells_inside: Any) -> None:
        super().__init__()
        self.windows, self.cells_inside = windows, cells_inside

    def construct(self, x: Any) -> Any:
        return self.windows(x).sum(3) / self.cells_inside
