"""Convolutions, as products of the image's windows with the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.draws import by_draw
from adapters.reference.layers.base import Applied, Pullback
from adapters.reference.layers.dense import biased
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    windows, kernel = _windows(placed), weights["kernel"]
    cut = windows.cut(x)
    matrix = kernel.reshape(*kernel.shape[:-4], -1, kernel.shape[-1])
    flat = by_draw(cut.reshape(*cut.shape[:3], -1), kernel, axes=4)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        rows = by_draw(dz, kernel, axes=4)
        dx = windows.add_up((rows @ matrix.swapaxes(-1, -2)).reshape(cut.shape))
        return dx, {"kernel": (flat.swapaxes(-1, -2) @ rows).reshape(kernel.shape)}

    return biased(placed, weights, (flat @ matrix).reshape(*cut.shape[:3], -1), noise, pullback)


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    z, pullback = _depthwise(placed, weights["depthwise_kernel"], x)
    return biased(placed, weights, z, noise, pullback)


def separable_conv2d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    between, depthwise_pullback = _depthwise(placed, weights["depthwise_kernel"], x)
    mixing = weights["pointwise_kernel"][..., 0, 0, :, :]
    rows = by_draw(between, mixing, axes=2)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        upstream = by_draw(dz, mixing, axes=2)
        dx, gradients = depthwise_pullback((upstream @ mixing.swapaxes(-1, -2)).reshape(between.shape))
        mixed = rows.swapaxes(-1, -2) @ upstream
        return dx, {**gradients, "pointwise_kernel": mixed[..., None, None, :, :]}

    return biased(placed, weights, (rows @ mixing).reshape(*between.shape[:3], -1), noise, pullback)


def _windows(placed: PlacedLayer) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding)


def _depthwise(placed: PlacedLayer, kernel: Array, x: Array) -> tuple[Array, Pullback]:
    windows = _windows(placed)
    draws = kernel.shape[:-4]
    wide = windows.cut(x)
    cut = wide.reshape(*draws, -1, *wide.shape[1:])
    cells = kernel.reshape(*draws, -1, *kernel.shape[-2:])
    z = np.einsum("...brskc,...kcm->...brscm", cut, cells)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dz = dz.reshape(z.shape)
        dx = windows.add_up(np.einsum("...brscm,...kcm->...brskc", dz, cells).reshape(wide.shape))
        return dx, {"depthwise_kernel": np.einsum("...brskc,...brscm->...kcm", cut, dz).reshape(kernel.shape)}

    return z.reshape(*wide.shape[:3], -1), pullback
