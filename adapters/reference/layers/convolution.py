"""Convolutions: windows of the image times the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied, Pullback
from adapters.reference.layers.dense import activated
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    windows, kernel = _windows(placed), own["kernel"]
    cut = windows.cut(x)
    flat, matrix = cut.reshape(-1, kernel[..., 0].size), kernel.reshape(-1, kernel.shape[-1])

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        rows = dz.reshape(-1, dz.shape[-1])
        dx = windows.add_up((rows @ matrix.T).reshape(cut.shape))
        return dx, {"kernel": (flat.T @ rows).reshape(kernel.shape)}

    return _biased(placed, own, (flat @ matrix).reshape(*cut.shape[:3], -1), noise, pullback)


def depthwise_conv2d(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    z, pullback = _depthwise(placed, own["depthwise_kernel"], x)
    return _biased(placed, own, z, noise, pullback)


def separable_conv2d(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    between, depthwise_pullback = _depthwise(placed, own["depthwise_kernel"], x)
    mixing = own["pointwise_kernel"][0, 0]

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = depthwise_pullback(dz @ mixing.T)
        mixed = between.reshape(-1, len(mixing)).T @ dz.reshape(-1, dz.shape[-1])
        return dx, {**gradients, "pointwise_kernel": mixed[None, None]}

    return _biased(placed, own, between @ mixing, noise, pullback)


def _windows(placed: PlacedLayer) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding)


def _depthwise(placed: PlacedLayer, kernel: Array, x: Array) -> tuple[Array, Pullback]:
    windows = _windows(placed)
    cut, cells = windows.cut(x), kernel.reshape(-1, *kernel.shape[2:])
    z = np.einsum("brskc,kcm->brscm", cut, cells)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dz = dz.reshape(z.shape)
        dx = windows.add_up(np.einsum("brscm,kcm->brskc", dz, cells))
        return dx, {"depthwise_kernel": np.einsum("brskc,brscm->kcm", cut, dz).reshape(kernel.shape)}

    return z.reshape(*z.shape[:3], -1), pullback


def _biased(placed: PlacedLayer, own: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    word: Any = placed.layer
    if not word.use_bias:
        return activated(placed, own, z, noise, before)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = before(dz)
        return dx, {**gradients, "bias": dz.sum(axis=(0, 1, 2))}

    return activated(placed, own, z + own["bias"], noise, pullback)
