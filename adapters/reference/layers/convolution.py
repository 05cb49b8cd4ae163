"""Convolutions, as products of the image's windows with the kernel, a block of samples at a time.

The windows of a whole batch are many times as large as the batch. So those of a block are cut, multiplied and
forgotten, and cut again for the gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied, Pullback
from adapters.reference.layers.dense import biased, projected
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    channels = x.shape[-1] // word.groups
    windows = replace(_windows(placed), shape=(*placed.input_shape[:2], channels))
    groups = zip(*(np.split(each, word.groups, axis=-1) for each in (x, weights["kernel"])), strict=True)
    products = [multiplied(windows, *group) for group in groups]

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        upstream = np.split(dz, word.groups, axis=-1)
        gradients = [pull(part) for (_, pull), part in zip(products, upstream, strict=True)]
        dx, by_kernel = (_joined(parts) for parts in zip(*gradients, strict=True))
        return dx, {"kernel": by_kernel}

    return biased(placed, weights, _joined([z for z, _ in products]), noise, pullback)


def multiplied(windows: Windows, x: Array, kernel: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """The product of each window of x with the kernel, and the pullback to x and to the kernel."""
    filters = kernel.shape[-1]
    matrices = kernel.reshape(-1, kernel[..., 0].size // len(runs_of(kernel)), filters)
    z = np.empty((len(x), *windows.counts, filters), np.result_type(x, kernel))
    for draw, block in blocks_of(windows, x, kernel):
        np.matmul(as_matrix(windows.cut(x[block]), 2), matrices[draw], out=as_matrix(z[block]))

    def pullback(dz: Array) -> tuple[Array, Array]:
        dx, by_kernel = np.empty(x.shape, z.dtype), np.zeros(matrices.shape, z.dtype)
        for draw, block in blocks_of(windows, x, kernel):
            cut, rows = windows.cut(x[block]), as_matrix(dz[block])
            by_kernel[draw] += as_matrix(cut, 2).T @ rows
            dx[block] = windows.add_up((rows @ matrices[draw].T).reshape(cut.shape))
        return dx, by_kernel.reshape(kernel.shape)

    return z, pullback


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    z, pullback = _depthwise(placed, weights["depthwise_kernel"], x)
    return biased(placed, weights, z, noise, pullback)


def separable_conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    between, depthwise_pullback = _depthwise(placed, weights["depthwise_kernel"], x)
    z, mixing_pullback = projected(between, weights["pointwise_kernel"][..., 0, 0, :, :])

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        by_between, by_mixing = mixing_pullback(dz)
        dx, gradients = depthwise_pullback(by_between)
        return dx, {**gradients, "pointwise_kernel": by_mixing[..., None, None, :, :]}

    return biased(placed, weights, z, noise, pullback)


def _windows(placed: PlacedLayer) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding)


def blocks_of(windows: Windows, x: Array, kernel: Array) -> Iterator[tuple[int, slice]]:
    """Blocks of samples that are computed at once, each with the number of the run that it belongs to."""
    runs = runs_of(kernel)
    samples = len(x) // len(runs)
    for draw in runs:
        for block in windows.blocks(samples, x.itemsize):
            yield draw, slice(draw * samples + block.start, draw * samples + block.stop)


def runs_of(kernel: Array) -> range:
    """The numbers of the runs that are computed side by side; a kernel of one run has no axis for them."""
    return range(math.prod(kernel.shape[:-4]))


def _joined(parts: Sequence[Array]) -> Array:
    """The groups of channels, side by side again."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def as_matrix(x: Array, axes: int = 1) -> Array:
    """Samples (N, ..., C) as the rows of a matrix, whose columns are the last `axes` axes."""
    return x.reshape(-1, math.prod(x.shape[x.ndim - axes :]))


def _depthwise(placed: PlacedLayer, kernel: Array, x: Array) -> tuple[Array, Pullback]:
    windows, (channels, multiplier) = _windows(placed), kernel.shape[-2:]
    cells = kernel.reshape(len(runs_of(kernel)), -1, channels, multiplier)
    z = np.empty((len(x), *windows.counts, channels * multiplier), np.result_type(x, kernel))
    for draw, block in blocks_of(windows, x, kernel):
        z[block] = np.einsum("brskc,kcm->brscm", windows.cut(x[block]), cells[draw]).reshape(z[block].shape)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, by_kernel = np.empty(x.shape, z.dtype), np.zeros(cells.shape, z.dtype)
        for draw, block in blocks_of(windows, x, kernel):
            upstream = dz[block].reshape(*dz[block].shape[:3], channels, multiplier)
            by_kernel[draw] += np.einsum("brskc,brscm->kcm", windows.cut(x[block]), upstream)
            dx[block] = windows.add_up(np.einsum("brscm,kcm->brskc", upstream, cells[draw]))
        return dx, {"depthwise_kernel": by_kernel.reshape(kernel.shape)}

    return z, pullback
