"""How a time grows with a size."""

from __future__ import annotations

import numpy as np
import pytest

from harness.subjects.bench.growth import growth


def test_a_power_law_is_found() -> None:
    sizes = [16.0, 32.0, 64.0, 128.0]
    fit = growth(sizes, [0.002 * size**1.5 for size in sizes])
    assert fit is not None
    assert (fit.exponent, fit.factor) == pytest.approx((1.5, 0.002))
    assert fit.error == pytest.approx(0.0, abs=1e-9)
    assert fit.at(256.0) == pytest.approx(0.002 * 256**1.5)


def test_noise_is_in_the_error() -> None:
    rng = np.random.default_rng(0)
    sizes = np.geomspace(10, 1000, 20)
    fit = growth(list(sizes), list(0.01 * sizes * np.exp(rng.normal(0, 0.1, 20))))
    assert fit is not None
    assert abs(fit.exponent - 1) < 3 * fit.error
    assert fit.error > 0.005


@pytest.mark.parametrize(
    ("sizes", "times"),
    [([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0, 3.0], [1.0, float("nan"), 2.0]), ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0])],
)
def test_too_little_to_fit(sizes: list[float], times: list[float]) -> None:
    assert growth(sizes, times) is None
