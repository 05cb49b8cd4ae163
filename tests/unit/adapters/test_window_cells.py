"""The cells of the windows of convolutions and poolings, against sums that are written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from adapters.mindspore.specifics.float64.cells import (
    counted_cells,
    pooled_size,
    same_pads,
    transposed_windows,
    windows,
)


def of_windows(x: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(outputs, window): the input's values, with 0 for padding."""
    return np.append(x.ravel(), 0)[cells]


@pytest.mark.parametrize(
    ("stride", "dilation", "pads"), [(1, 1, (0, 0)), (2, 1, (1, 1)), (2, 2, (0, 3)), (3, 1, (2, 0))]
)
def test_windows_are_those_of_a_padded_image(stride: int, dilation: int, pads: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=(7, 9))
    padded = np.pad(x, (pads, (0, 0)))
    cells, (rows, columns) = windows((7, 9), (3, 2), (stride, 1), (dilation, 1), (pads, (0, 0)))
    found = of_windows(x, cells).reshape(rows, columns, 3, 2)
    assert (rows, columns) == ((7 + sum(pads) - 2 * dilation - 1) // stride + 1, 8)
    for i, j in itertools.product(range(rows), range(columns)):
        start = i * stride
        assert np.array_equal(found[i, j], padded[start : start + 2 * dilation + 1 : dilation, j : j + 2])


@pytest.mark.parametrize(("stride", "dilation", "pad"), [(1, 1, 0), (2, 1, 1), (3, 2, 0), (2, 2, 1)])
def test_transposed_windows_scatter_what_windows_gather(stride: int, dilation: int, pad: int) -> None:
    """A transposed convolution is the gradient of a convolution: both have one matrix, transposed."""
    size, window = 5, 3
    length = (size - 1) * stride - 2 * pad + (window - 1) * dilation + 1
    forward, (count,) = windows((length,), (window,), (stride,), (dilation,), ((pad, pad),))
    assert count == size
    kernel = np.random.default_rng(1).normal(size=window)
    matrix = np.zeros((count, length + 1))
    for i, k in itertools.product(range(count), range(window)):
        matrix[i, forward[i, k]] += kernel[k]
    x = np.random.default_rng(2).normal(size=size)
    cells, outputs = transposed_windows((size,), (window,), (stride,), (dilation,), (pad,), (length,))
    assert outputs == (length,)
    np.testing.assert_allclose(of_windows(x, cells) @ kernel, matrix[:, :-1].T @ x, rtol=1e-12)


def test_sizes_of_pooled_images() -> None:
    assert pooled_size(7, 3, 2, 1, (0, 0)) == 3
    assert pooled_size(8, 3, 2, 1, (0, 0), ceil=True) == 4
    assert pooled_size(5, 2, 2, 1, (1, 1), ceil=True) == 3  # a fourth window would begin in the padding behind
    assert same_pads((7, 8), (3, 3), (2, 2), (1, 1)) == ((1, 1), (0, 1))


def test_cells_that_a_mean_is_divided_by() -> None:
    inside = counted_cells((4,), (3,), (1,), ((1, 1),), False, False)
    assert inside.ravel().tolist() == [2, 3, 3, 2]
    assert counted_cells((4,), (3,), (1,), ((1, 1),), False, True).ravel().tolist() == [3, 3, 3, 3]
    beyond = counted_cells((4,), (3,), (2,), ((0, 0),), True, True)  # the last window ends beyond the image
    assert beyond.ravel().tolist() == [3, 2]
    image = counted_cells((2, 2), (2, 2), (1, 1), ((1, 1), (1, 1)), False, False)
    assert image.reshape(3, 3).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
