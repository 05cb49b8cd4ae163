"""Images cut into windows, channels last: for float64, in which MindSpore's own convolutions and pooling fail."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from harness.spec.layers.base import ConvolutionPadding, Pair, padded, windows_shape


class Windows(nn.Cell):
    """(batch, rows, columns, cells of a window in row-major order, channels); cells of padding hold `outside`."""

    def __init__(
        self,
        shape: tuple[int, ...],
        window: Pair,
        strides: Pair,
        dilation: Pair,
        padding: ConvolutionPadding,
        dtype: Any,
        outside: float = 0.0,
    ) -> None:
        super().__init__()
        cells = cells_of_windows(shape, window, strides, dilation, padding)
        self.height_by_width, self.channels, self.count = shape[0] * shape[1], shape[2], cells.shape
        self.cells = Tensor(cells.ravel(), ms.int32)
        self.dtype, self.outside = dtype, outside

    def construct(self, x: Any) -> Any:
        flat = x.reshape(x.shape[0], self.height_by_width, self.channels)
        beyond = ops.full((x.shape[0], 1, self.channels), self.outside, dtype=self.dtype)
        cut = ops.gather(ops.concat((flat, beyond), 1), self.cells, 1)
        return cut.reshape(x.shape[0], *self.count, self.channels)


def cells_of_windows(
    shape: tuple[int, ...], window: Pair, strides: Pair, dilation: Pair, padding: ConvolutionPadding
) -> Any:
    """The number of each cell of each window, (rows, columns, cells of a window); height * width: one of padding."""
    counts = windows_shape(shape, "a window", window, strides, dilation, padding)
    at = []
    for axis in range(2):
        before, _ = padded(shape[axis], window[axis], strides[axis], dilation[axis], padding)
        starts = np.arange(counts[axis])[:, None] * strides[axis] - before
        at.append(starts + np.arange(window[axis]) * dilation[axis])
    y, x = at[0][:, None, :, None], at[1][None, :, None, :]
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    return np.where(inside, y * shape[1] + x, shape[0] * shape[1]).reshape(*counts, -1)
