"""Cuts images into windows and adds windows up to images, for convolutions and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Array
from harness.spec.layers.base import ConvolutionPadding, Pair, padded, windows_shape


@dataclass(frozen=True)
class Windows:
    """Windows of `window` cells, `dilation` apart, every `strides` cells, over images (batch, height, width, ...)."""

    shape: tuple[int, ...]
    window: Pair
    strides: Pair
    dilation: Pair = (1, 1)
    padding: ConvolutionPadding = "valid"

    @property
    def outside(self) -> list[tuple[int, int]]:
        """The cells of padding (before, after) of each spatial axis."""
        axes = zip(self.shape[:2], self.window, self.strides, self.dilation, strict=True)
        return [padded(size, window, stride, dilation, self.padding) for size, window, stride, dilation in axes]

    def cut(self, x: Array, outside: float = 0.0) -> Array:
        """The windows (batch, rows, columns, cells, channels), cells in row-major order; padding is `outside`."""
        wide = np.pad(x, [(0, 0), *self.outside, (0, 0)], constant_values=outside)
        return np.stack([wide[cells] for cells in self._places()], axis=3)

    def add_up(self, cut: Array) -> Array:
        """The transpose of `cut`: images, without padding, in which a cell is the sum over all windows."""
        (top, bottom), (left, right) = self.outside
        height, width = self.shape[:2]
        wide = np.zeros((len(cut), height + top + bottom, width + left + right, cut.shape[-1]), cut.dtype)
        for number, cells in enumerate(self._places()):
            wide[cells] += cut[:, :, :, number]
        return wide[:, top : top + height, left : left + width]

    def _places(self) -> list[Any]:
        rows, columns = windows_shape(self.shape, "pooling", self.window, self.strides, self.dilation, self.padding)
        (down, right), (dy, dx) = self.strides, self.dilation

        def along(start: int, count: int, stride: int) -> slice:
            return slice(start, start + (count - 1) * stride + 1, stride)

        return [
            (slice(None), along(i * dy, rows, down), along(j * dx, columns, right))
            for i in range(self.window[0])
            for j in range(self.window[1])
        ]
