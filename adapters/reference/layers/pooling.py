"""Pooling of windows, and of whole images."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.draws import at_kinks
from adapters.reference.layers.base import Applied
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    windows = _windows(placed)
    cut = at_kinks(placed.layer, windows.cut(x, -np.inf))
    first = cut.argmax(axis=3, keepdims=True)

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        shared = np.zeros(cut.shape, dy.dtype)
        np.put_along_axis(shared, first, dy[:, :, :, None], axis=3)
        return windows.add_up(shared), {}

    return Applied(np.take_along_axis(cut, first, axis=3)[:, :, :, 0], pullback)


def average_pool2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    windows = _windows(placed)
    cells = windows.cut(np.ones((1, *placed.input_shape[:2], 1), x.dtype))  # 1 in the image, 0 in the padding
    count = cells.sum(axis=3)

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        return windows.add_up((dy / count)[:, :, :, None] * cells), {}

    return Applied(windows.cut(x).sum(axis=3) / count, pullback)


def global_average_pool2d(
    placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool
) -> Applied:
    cells = x.dtype.type(x.shape[1] * x.shape[2])

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        # A copy: of a broadcast view, whose strides are 0, NumPy makes matrix products in a loop of its own, not BLAS.
        return np.ascontiguousarray(np.broadcast_to((dy / cells)[:, None, None], x.shape)), {}

    return Applied(x.mean(axis=(1, 2)), pullback)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    x = at_kinks(placed.layer, x.reshape(len(x), -1, x.shape[-1])).reshape(x.shape)
    y = x.max(axis=(1, 2))
    largest = (x == y[:, None, None]).astype(x.dtype)
    share = largest / largest.sum(axis=(1, 2), keepdims=True)
    return Applied(y, lambda dy: (dy[:, None, None] * share, {}))


def _windows(placed: PlacedLayer) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.pool_size, word.strides, padding=word.padding)
