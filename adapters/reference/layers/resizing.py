"""Images made larger: by zeros around them, or by more pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def zero_padding2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    (top, _), (left, _) = word.padding
    height, width, _ = placed.input_shape
    y = np.pad(x, ((0, 0), *word.padding, (0, 0)))
    return Applied(y, lambda dy: (dy[:, top : top + height, left : left + width], {}))


def upsampling2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    if word.interpolation == "nearest":
        height, width, channels = placed.input_shape
        y = x.repeat(word.size[0], axis=1).repeat(word.size[1], axis=2)
        cells = (len(x), height, word.size[0], width, word.size[1], channels)
        return Applied(y, lambda dy: (dy.reshape(cells).sum(axis=(2, 4)), {}))
    rows, columns = (_shares(n, factor, x.dtype) for n, factor in zip(placed.input_shape[:2], word.size, strict=True))

    return Applied(_resized(x, rows, columns), lambda dy: (_resized(dy, rows.T, columns.T), {}))


def _resized(x: Array, rows: Array, columns: Array) -> Array:
    """`sum_{h, w} rows[i, h] * columns[j, w] * x[.., h, w, c]`, sample by sample, whatever the batch."""
    along_height = rows @ x.reshape(*x.shape[:2], -1)
    y: Array = columns @ along_height.reshape(len(x), len(rows), *x.shape[2:])
    return y


def _shares(size: int, factor: int, dtype: Any) -> Array:
    """(size * factor, size): the share of each pixel of the input along an axis in each pixel of the output.

    In the precision of the image, in which frameworks compute where a pixel lies.
    """
    centres = (np.arange(size * factor).astype(dtype) + dtype.type(0.5)) * dtype.type(1 / factor) - dtype.type(0.5)
    centres = np.clip(centres, 0, size - 1)
    before = np.floor(centres).astype(int)
    after = np.minimum(before + 1, size - 1)
    fraction = centres - before.astype(dtype)
    shares: Array = np.zeros((size * factor, size), dtype)
    np.add.at(shares, (np.arange(size * factor), before), 1 - fraction)
    np.add.at(shares, (np.arange(size * factor), after), fraction)
    return shares
