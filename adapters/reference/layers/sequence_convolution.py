"""The convolution over sequences: that of images of one row."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from adapters.reference.layers.convolution import multiplied
from adapters.reference.layers.dense import biased
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def conv1d(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    windows = Windows(
        (1, *placed.input_shape), (1, word.kernel_size), (1, word.strides), (1, word.dilation), word.padding
    )
    z, back = multiplied(windows, x[:, None], weights["kernel"][..., None, :, :, :])

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, by_kernel = back(dz[:, None])
        return dx[:, 0], {"kernel": by_kernel[..., 0, :, :, :]}

    return biased(placed, weights, z[:, 0], noise, pullback)
