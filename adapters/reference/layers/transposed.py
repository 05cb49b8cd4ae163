"""The transposed convolution: each input pixel's products with the kernel, added up where they overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from adapters.reference.layers.convolution import as_matrix, blocks_of, runs_of
from adapters.reference.layers.dense import biased
from adapters.reference.layers.windows import Windows
from harness.spec.model import PlacedLayer


def conv2d_transpose(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    # Those of the convolution from the output to the input.
    windows = Windows(placed.output_shape, word.kernel_size, word.strides, padding=word.padding)
    kernel = weights["kernel"]
    matrices = kernel.reshape(len(runs_of(kernel)), -1, kernel.shape[-1])
    z = np.empty((len(x), *placed.output_shape), np.result_type(x, kernel))
    for draw, block in blocks_of(windows, x, kernel):
        products = as_matrix(x[block]) @ matrices[draw].T
        z[block] = windows.add_up(products.reshape(*x[block].shape[:3], -1, word.filters))

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, by_kernel = np.empty(x.shape, z.dtype), np.zeros(matrices.shape, z.dtype)
        for draw, block in blocks_of(windows, x, kernel):
            cut = as_matrix(windows.cut(dz[block]), 2)
            dx[block] = (cut @ matrices[draw]).reshape(x[block].shape)
            by_kernel[draw] += cut.T @ as_matrix(x[block])
        return dx, {"kernel": by_kernel.reshape(kernel.shape)}

    return biased(placed, weights, z, noise, pullback)
