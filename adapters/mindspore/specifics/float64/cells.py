"""Which cells of the input belong to which output of a convolution or a pooling, in any number of dimensions.

A table of one axis is (outputs, window): the index of the input's cell, or -1 for padding. All of it is NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]  # by axis, the cells before and after


def same_pads(sizes: Sizes, window: Sizes, strides: Sizes, dilation: Sizes) -> Pads:
    """The padding with which the output has ceil(size / stride) cells; an odd cell more lies behind."""
    pads = []
    for size, cells, stride, step in zip(sizes, window, strides, dilation, strict=True):
        total = max((-(-size // stride) - 1) * stride + (cells - 1) * step + 1 - size, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def pooled_size(size: int, window: int, stride: int, step: int, pads: tuple[int, int], ceil: bool = False) -> int:
    """The number of outputs. With `ceil` a last window may reach beyond the padding, but begins before its end."""
    room = size + sum(pads) - (window - 1) * step - 1
    count = (-(-room // stride) if ceil else room // stride) + 1
    return count - 1 if ceil and (count - 1) * stride >= size + pads[0] else count


@lru_cache(maxsize=256)
def windows(sizes: Sizes, window: Sizes, strides: Sizes, dilation: Sizes, pads: Pads, ceil: bool = False) -> Any:
    """The table of a convolution or a pooling over all axes, and the sizes of its output."""
    tables = []
    for size, cells, stride, step, around in zip(sizes, window, strides, dilation, pads, strict=True):
        count = pooled_size(size, cells, stride, step, around, ceil)
        index = np.arange(count)[:, None] * stride - around[0] + np.arange(cells) * step
        tables.append(np.where((index >= 0) & (index < size), index, -1))
    return _over_axes(tables, sizes)


@lru_cache(maxsize=256)
def transposed_windows(
    sizes: Sizes, window: Sizes, strides: Sizes, dilation: Sizes, before: Sizes, outputs: Sizes
) -> Any:
    """The table of a transposed convolution: of each output, the input of which a cell of the kernel is taken."""
    tables = []
    for size, cells, stride, step, pad, count in zip(sizes, window, strides, dilation, before, outputs, strict=True):
        place = np.arange(count)[:, None] + pad - np.arange(cells) * step
        index = place // stride
        tables.append(np.where((place % stride == 0) & (index >= 0) & (index < size), index, -1))
    return _over_axes(tables, sizes)


@lru_cache(maxsize=256)
def counted_cells(sizes: Sizes, window: Sizes, strides: Sizes, pads: Pads, ceil: bool, with_padding: bool) -> Any:
    """(outputs, 1): the cells of each window that lie in the input or, `with_padding`, in the padded input."""
    counts = np.ones((), np.int64)
    for size, cells, stride, around in zip(sizes, window, strides, pads, strict=True):
        count = pooled_size(size, cells, stride, 1, around, ceil)
        start = np.arange(count) * stride - around[0]
        low, high = (-around[0], size + around[1]) if with_padding else (0, size)
        inside = np.minimum(start + cells, high) - np.maximum(start, low)
        counts = np.multiply.outer(counts, inside)
    return np.maximum(counts.reshape(-1, 1), 1)


def _over_axes(tables: Sequence[Any], sizes: Sizes) -> Any:
    """The table of flattened cells, in which prod(sizes) stands for padding, and the sizes of the output."""
    flat, inside = np.zeros((1, 1), np.int64), np.ones((1, 1), bool)
    for table, size in zip(tables, sizes, strict=True):
        rows, columns = flat.shape[0] * table.shape[0], flat.shape[1] * table.shape[1]
        flat = (flat[:, None, :, None] * size + table[None, :, None, :]).reshape(rows, columns)
        inside = (inside[:, None, :, None] & (table >= 0)[None, :, None, :]).reshape(rows, columns)
    return np.where(inside, flat, prod(sizes)), tuple(table.shape[0] for table in tables)
