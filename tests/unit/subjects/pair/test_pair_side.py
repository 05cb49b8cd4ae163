"""The rows of a dense kernel behind a flatten, in the order of both layouts."""

from __future__ import annotations

import numpy as np
import pytest

from harness.subjects.pair.side import rows_first, rows_last


@pytest.mark.parametrize("image", [(5, 3), (4, 5, 3), (2, 4, 5, 3)])
def test_rows_follow_the_flattened_image(image: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).normal(size=image)
    first = np.moveaxis(pixels, -1, 0).ravel()
    kernel = np.stack([first, 2 * first], 1)
    assert np.array_equal(rows_last(kernel, image)[:, 0], pixels.ravel())
    assert np.array_equal(rows_last(kernel, image)[:, 1], 2 * pixels.ravel())
    assert np.array_equal(rows_first(rows_last(kernel, image), image), kernel)
    assert np.array_equal(rows_last(first, image), pixels.ravel())
