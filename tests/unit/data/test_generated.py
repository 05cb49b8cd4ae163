"""The formulas below the generated data sets. What they load is tested in test_generated_data.py."""

from __future__ import annotations

import numpy as np

from harness.data.generated import cubic, load_polynomial, load_sales, rounded
from harness.spec.data import Polynomial, Sales


def test_the_cubic_is_the_third_chebyshev_polynomial() -> None:
    angles = np.linspace(0, np.pi, 101)
    assert np.max(np.abs(cubic(np.cos(angles)) - np.cos(3 * angles))) < 1e-14


def test_rounding_is_to_float32_and_once() -> None:
    values = rounded([0.1, 1 / 3, 2**24 + 1])
    assert values.dtype == np.float64
    assert values.tolist() == [float(np.float32(0.1)), float(np.float32(1 / 3)), 2.0**24]
    assert np.array_equal(rounded(values), values)


def test_the_test_points_of_the_polynomial_lie_on_the_curve() -> None:
    data = load_polynomial(Polynomial(noise=0.5, scaling=False, test_size=11))
    assert np.array_equal(data.x_test[:, 0], 10.0 * np.arange(11))
    assert np.max(np.abs(data.y_test - cubic((data.x_test - 50) / 50))) < 1e-7


def test_the_source_says_formula_noise_and_seed() -> None:
    assert load_sales(Sales(noise=0.25, seed=3)).source == "y = x1 + x2 + U[-0.25, 0.25), seed 3"
    assert load_polynomial(Polynomial(noise=0.5, seed=4)).source == "y = 4 u**3 - 3 u + N(0, 0.5**2), seed 4"
