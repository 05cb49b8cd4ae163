"""Images cut into windows, channels last, for float64, where MindSpore's convolutions and pooling fail."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from harness.spec.layers.base import ConvolutionPadding, Pair, padded, windows_shape


class Windows(nn.Cell):
    """Images (B, H, W, C) to windows (B, rows, columns, cells of a window, C).

    `cell_indices`: the index of each cell of each window, as of `window_cells`. Cells of padding hold `padding_value`.
    """

    def __init__(self, shape: tuple[int, ...], cell_indices: Any, dtype: Any, padding_value: float = 0.0) -> None:
        super().__init__()
        self.cell_count, self.channels, self.window_shape = shape[0] * shape[1], shape[2], cell_indices.shape
        self.cell_indices = Tensor(cell_indices.ravel(), ms.int32)
        self.dtype, self.padding_value = dtype, padding_value

    def construct(self, x: Any) -> Any:
        flat = x.reshape(x.shape[0], self.cell_count, self.channels)
        padding_cell = ops.full((x.shape[0], 1, self.channels), self.padding_value, dtype=self.dtype)
        patches = ops.gather(ops.concat((flat, padding_cell), 1), self.cell_indices, 1)
        return patches.reshape(x.shape[0], *self.window_shape, self.channels)


def window_cells(
    shape: tuple[int, ...], window: Pair, strides: Pair, dilation: Pair, padding: ConvolutionPadding
) -> Any:
    """The index of each cell of each window (rows, columns, cells of a window in row-major order).

    height * width marks padding.
    """
    output_sizes = windows_shape(shape, "a window", window, strides, dilation, padding)
    positions = []
    for axis in range(2):
        padding_before, _ = padded(shape[axis], window[axis], strides[axis], dilation[axis], padding)
        starts = np.arange(output_sizes[axis])[:, None] * strides[axis] - padding_before
        positions.append(starts + np.arange(window[axis]) * dilation[axis])
    y, x = positions[0][:, None, :, None], positions[1][None, :, None, :]
    is_inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    return np.where(is_inside, y * shape[1] + x, shape[0] * shape[1]).reshape(*output_sizes, -1)
