"""Data sets drawn from a formula and a seed. Every number is exact in float32, so that all arms have the same data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import Dataset
from harness.spec.data import Polynomial, Sales

Values = NDArray[np.float64]


def load_sales(spec: Sales) -> Dataset:
    """`y = x1 + x2 + e`: x (samples, 2), y (samples, 1); the test set is the training set."""
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed))
    x = rng.random((spec.samples, 2), np.float32).astype(np.float64)
    y = rounded(x.sum(axis=1, keepdims=True) + spec.noise * rng.uniform(-1, 1, (spec.samples, 1)))
    return _dataset(x, y, x, y, f"y = x1 + x2 + U[-{spec.noise:g}, {spec.noise:g}), seed {spec.seed}")


def load_polynomial(spec: Polynomial) -> Dataset:
    """Noisy points of `4 u**3 - 3 u`, x and y (train_size, 1), to train on, and points without noise to test on."""
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed))
    train = rounded(100 * rng.random((spec.train_size, 1)))
    noise = spec.noise * rng.standard_normal((spec.train_size, 1))
    test = rounded(np.linspace(0, 100, spec.test_size)[:, np.newaxis])

    def feature(x: Values) -> Values:
        return rounded(_scaled(x)) if spec.scaling else x

    return _dataset(
        feature(train),
        rounded(cubic(_scaled(train)) + noise),
        feature(test),
        rounded(cubic(_scaled(test))),
        f"y = 4 u**3 - 3 u + N(0, {spec.noise:g}**2), seed {spec.seed}",
    )


def cubic(u: Values) -> Values:
    """`4 u**3 - 3 u`."""
    return (4 * u * u - 3) * u


def rounded(values: Any) -> Values:
    """The nearest float32 numbers, as float64."""
    return np.asarray(values, np.float32).astype(np.float64)


def _scaled(x: Values) -> Values:
    return (x - 50) / 50


def _dataset(x_train: Values, y_train: Values, x_test: Values, y_test: Values, source: str) -> Dataset:
    return Dataset(x_train, y_train, x_test, y_test, source, x_train.shape[1:], classes=None)
