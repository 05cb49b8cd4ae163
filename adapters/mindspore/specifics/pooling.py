"""Pooling in float64, channels last; MindSpore's own classes compute it, or its gradient, in float32."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.specifics.windows import Windows, cells_of_windows
from harness.spec.model import PlacedLayer


def largest(placed: PlacedLayer) -> Any:
    return Largest(_windows(placed, float(np.finfo(np.float64).min)))


def averaged(placed: PlacedLayer) -> Any:
    word: Any = placed.layer
    cells = cells_of_windows(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding)
    inside = (cells < placed.input_shape[0] * placed.input_shape[1]).sum(axis=-1, keepdims=True)
    return Averaged(_windows(placed), Tensor(inside, ms.float64))


def _windows(placed: PlacedLayer, outside: float = 0.0) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding, ms.float64, outside)


class Largest(nn.Cell):
    """The largest of each window; `ops.max` leads the gradient to the first of equals."""

    def __init__(self, windows: Any) -> None:
        super().__init__()
        self.windows = windows

    def construct(self, x: Any) -> Any:
        value, _ = ops.max(self.windows(x), 3)
        return value


class Averaged(nn.Cell):
    """The sum of each window over how many of its cells lie in the image."""

    def __init__(self, windows: Any, inside: Any) -> None:
        super().__init__()
        self.windows, self.inside = windows, inside

    def construct(self, x: Any) -> Any:
        return self.windows(x).sum(3) / self.inside
