"""Convolutions of more samples than one block holds: the same numbers as of all windows at once, in less memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from adapters.reference.layers import apply
from adapters.reference.layers.windows import BLOCK_BYTES, Windows
from harness.spec.initializers import Zeros
from harness.spec.layers.convolution import Conv2d, DepthwiseConv2d
from harness.spec.model import PlacedLayer, place

SHAPE = (12, 10, 16)
KERNEL = (3, 3)


def placed(word: Any, shape: tuple[int, ...] = SHAPE) -> PlacedLayer:
    (layer,) = place((word,), shape)
    return layer


def conv(filters: int = 8) -> PlacedLayer:
    return placed(Conv2d(filters=filters, kernel_size=KERNEL, kernel_initializer=Zeros(), use_bias=False))


def depthwise() -> PlacedLayer:
    return placed(DepthwiseConv2d(kernel_size=KERNEL, multiplier=2, depthwise_initializer=Zeros(), use_bias=False))


def blocks_of(samples: int) -> int:
    return len(list(Windows(SHAPE, KERNEL, (1, 1)).blocks(samples, 8)))


@pytest.mark.parametrize("samples", [1, 7, 41])
def test_values_and_gradients_are_the_formula(samples: int) -> None:
    rng = np.random.default_rng(samples)
    x, kernel = rng.normal(size=(samples, *SHAPE)), rng.normal(size=(*KERNEL, SHAPE[2], 8))
    applied = apply(conv(), {"kernel": kernel}, x, {}, True)
    upstream = rng.normal(size=applied.y.shape)
    dx, gradients = applied.pullback(upstream)
    windows = sliding_window_view(x, KERNEL, axis=(1, 2))  # (N, rows, columns, C, kh, kw)
    np.testing.assert_allclose(applied.y, np.einsum("nrschw,hwcf->nrsf", windows, kernel), rtol=1e-12, atol=1e-12)
    expected = np.einsum("nrschw,nrsf->hwcf", windows, upstream)
    np.testing.assert_allclose(gradients["kernel"], expected, rtol=1e-11, atol=1e-11)
    # The product of the gradient with a direction is that of the upstream with the direction's output.
    direction = rng.normal(size=x.shape)
    along = apply(conv(), {"kernel": kernel}, direction, {}, True).y
    np.testing.assert_allclose(np.sum(dx * direction), np.sum(upstream * along), rtol=1e-10)
    assert blocks_of(41) > 3


@pytest.mark.parametrize(
    ("layer", "name", "shape"), [(conv(), "kernel", (16, 8)), (depthwise(), "depthwise_kernel", (16, 2))]
)
def test_a_run_among_several_is_what_it_is_alone(layer: PlacedLayer, name: str, shape: tuple[int, int]) -> None:
    """Bit for bit, also where its samples do not fill their last block."""
    rng = np.random.default_rng(3)
    kernels = rng.normal(size=(3, *KERNEL, *shape)).astype(np.float32)
    x = rng.normal(size=(3 * 41, *SHAPE)).astype(np.float32)
    together = apply(layer, {name: kernels}, x, {}, True)
    upstream = rng.normal(size=together.y.shape).astype(np.float32)
    dx, gradients = together.pullback(upstream)
    for run in range(3):
        mine = slice(41 * run, 41 * (run + 1))
        alone = apply(layer, {name: kernels[run]}, x[mine], {}, True)
        alone_dx, alone_gradients = alone.pullback(upstream[mine])
        np.testing.assert_array_equal(together.y[mine], alone.y)
        np.testing.assert_array_equal(dx[mine], alone_dx)
        np.testing.assert_array_equal(gradients[name][run], alone_gradients[name])


def test_the_windows_of_a_batch_are_never_in_memory_at_once() -> None:
    """The windows of this batch would take nine times its size."""
    samples = 400
    x = np.ones((samples, *SHAPE))
    layer, kernel = conv(16), np.ones((*KERNEL, SHAPE[2], 16))
    tracemalloc.start()
    applied = apply(layer, {"kernel": kernel}, x, {}, True)
    applied.pullback(np.broadcast_to(1.0, applied.y.shape))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < applied.y.nbytes + x.nbytes + 6 * BLOCK_BYTES


def test_a_sample_larger_than_a_block_is_a_block() -> None:
    wide = Windows((200, 200, 8), (5, 5), (1, 1))
    assert list(wide.blocks(3, 8)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(Windows((2, 2, 1), (2, 2), (1, 1)).blocks(5, 8)) == [slice(0, 5)]
