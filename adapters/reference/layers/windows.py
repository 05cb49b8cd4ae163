"""Cuts images into windows and adds windows up to images, for convolutions and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adapters.protocol import Array
from harness.spec.layers.base import ConvolutionPadding, Pair, padded, windows_shape

# The windows of one block of samples, in bytes: they are cut, multiplied and forgotten while they are in the cache.
BLOCK_BYTES = 1 << 20


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

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of windows (rows, columns)."""
        rows, columns = windows_shape(self.shape, "pooling", self.window, self.strides, self.dilation, self.padding)
        return rows, columns

    def blocks(self, samples: int, itemsize: int) -> Iterator[slice]:
        """The samples in order, in blocks whose windows take at most `BLOCK_BYTES`, or of one sample each.

        `itemsize`: the bytes of a number. A block does not depend on how many samples there are, so that each of
        several runs is computed in the same blocks as it would be alone.
        """
        rows, columns = self.counts
        of_a_sample = rows * columns * self.window[0] * self.window[1] * self.shape[2] * itemsize
        size = max(1, BLOCK_BYTES // of_a_sample)
        for start in range(0, samples, size):
            yield slice(start, min(start + size, samples))

    def cut(self, x: Array, outside: float = 0.0) -> Array:
        """The windows (batch, rows, columns, cells, channels), cells in row-major order; padding is `outside`."""
        wide = self._padded(x, outside)
        (rows, columns), (down, right), (dy, dx) = self.counts, self.strides, self.dilation
        batch, height, width, channel = wide.strides
        cells = self.window[0] * self.window[1]
        # A view in which a cell occurs once for each window that it is in; `reshape` copies it row by row of a window.
        view = as_strided(
            wide,
            (len(wide), rows, columns, *self.window, wide.shape[-1]),
            (batch, height * down, width * right, height * dy, width * dx, channel),
            writeable=False,
        )
        return view.reshape(len(wide), rows, columns, cells, wide.shape[-1])

    def add_up(self, cut: Array) -> Array:
        """The transpose of `cut`: images, without padding, in which a cell is the sum over all windows."""
        (top, bottom), (left, right) = self.outside
        height, width = self.shape[:2]
        wide = np.zeros((len(cut), height + top + bottom, width + left + right, cut.shape[-1]), cut.dtype)
        (rows, columns), (down, across), (dy, dx) = self.counts, self.strides, self.dilation
        for number in range(cut.shape[3]):
            i, j = divmod(number, self.window[1])
            ys = slice(i * dy, i * dy + (rows - 1) * down + 1, down)
            xs = slice(j * dx, j * dx + (columns - 1) * across + 1, across)
            wide[:, ys, xs] += cut[:, :, :, number]
        return wide[:, top : top + height, left : left + width]

    def _padded(self, x: Array, outside: float) -> Array:
        (top, bottom), (left, right) = self.outside
        if not (top or bottom or left or right):
            return x
        batch, height, width, channels = x.shape
        wide = np.full((batch, height + top + bottom, width + left + right, channels), outside, x.dtype)
        wide[:, top : top + height, left : left + width] = x
        return wide
