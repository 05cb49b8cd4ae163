"""What an arm sees of a pixel: by definition, in its own precision."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from harness.data import Dataset
from harness.data.dataset import scaled
from harness.data.inputs import Inputs, statistics
from harness.spec.data import Mnist, Mnist5k, Sales

PRECISIONS = ["float32", "float64"]


def inputs(normalisation: Any, data: Dataset, precision: str) -> Inputs:
    return Inputs(Mnist5k(normalisation=normalisation), data.x_train, precision)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_none_leaves_pixels(noise: Dataset, precision: str) -> None:
    seen = inputs("none", noise, precision)(noise.x_test)
    assert seen.dtype == np.dtype(precision)
    assert np.array_equal(seen, noise.x_test)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_unit_divides_in_the_arms_precision(noise: Dataset, precision: str) -> None:
    kind = np.dtype(precision).type
    seen = inputs("unit", noise, precision)(noise.x_test)
    assert seen.dtype == kind
    assert seen.tobytes() == (noise.x_test.astype(kind) / kind(255)).tobytes()
    assert seen.tobytes() == scaled(noise.x_test, precision).tobytes()
    assert Mnist().normalisation == Mnist5k().normalisation == "unit"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_standardise_uses_the_training_pixels_and_rounds_once(noise: Dataset, precision: str) -> None:
    units = noise.x_train / 255
    seen = inputs("standardise", noise, precision)(noise.x_test)
    wanted = (noise.x_test / 255 - units.mean()) / units.std()
    assert seen.dtype == np.dtype(precision)
    # NumPy's own mean and deviation err by a few roundings of float64, which a pixel near the mean shows.
    slack = 64 * np.finfo(np.float64).eps + np.finfo(precision).eps * np.abs(wanted) / 2
    assert np.all(np.abs(seen - wanted) <= slack)


def test_standardised_training_pixels_have_mean_0_and_deviation_1(digits: Dataset) -> None:
    seen = inputs("standardise", digits, "float64")(digits.x_train)
    rounding = np.sqrt(seen.size) * np.finfo(np.float64).eps
    assert abs(seen.mean()) < rounding
    assert abs(seen.std() - 1) < rounding
    assert abs(inputs("standardise", digits, "float64")(digits.x_test).mean()) > 1e-4


def test_statistics_are_exact(noise: Dataset) -> None:
    pixels = [int(p) for p in noise.x_train.ravel()]
    mean = Fraction(sum(pixels), 255 * len(pixels))
    variance = Fraction(sum(p * p for p in pixels), 255**2 * len(pixels)) - mean * mean
    found = statistics(noise.x_train)
    assert found[0] == float(mean)
    assert abs(found[1] - float(variance) ** 0.5) <= 2 * np.spacing(found[1])
    shuffled = np.random.default_rng(0).permutation(noise.x_train.ravel())
    assert statistics(shuffled) == found


def test_the_test_set_plays_no_part(noise: Dataset) -> None:
    other = Dataset(noise.x_train, noise.y_train, noise.x_test[:3], noise.y_test[:3], "noise")
    one, same = (inputs("standardise", data, "float32")(noise.x_test[:3]) for data in (noise, other))
    assert one.tobytes() == same.tobytes()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_values_are_cast(precision: str) -> None:
    x = np.array([[0.5, -3.25]])
    seen = Inputs(Sales(), x, precision)(x)
    assert seen.dtype == np.dtype(precision)
    assert seen.tolist() == x.tolist()
