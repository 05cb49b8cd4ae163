"""The inputs of an arm: the samples of a data set in the arm's precision, pixels normalised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import scaled
from harness.spec.data import Data, Digits

LEVELS = 256
# Counting and looking up take eight bytes a pixel, which would otherwise raise an arm's peak memory.
_SAMPLES_AT_ONCE = 1000
_PIXELS_AT_ONCE = 1 << 20


class Inputs:
    """Converts samples (N, ...) of a loader to an arm's inputs; made once for a data set and a precision."""

    def __init__(self, spec: Data, x_train: NDArray[Any], precision: str) -> None:
        self.precision = precision
        self.table = _table(spec.normalisation, x_train, precision) if isinstance(spec, Digits) else None

    def __call__(self, samples: NDArray[Any]) -> NDArray[Any]:
        if self.table is None:
            return samples.astype(self.precision)
        values = np.empty(samples.shape, self.table.dtype)
        for start in range(0, len(samples), _SAMPLES_AT_ONCE):
            part = slice(start, start + _SAMPLES_AT_ONCE)
            values[part] = self.table[samples[part]]
        return values


def _table(normalisation: str, x_train: NDArray[np.uint8], precision: str) -> NDArray[Any]:
    """The input (256,) for each value of a pixel."""
    pixels = np.arange(LEVELS, dtype=np.uint8)
    if normalisation == "none":
        return pixels.astype(precision)
    if normalisation == "unit":
        return scaled(pixels, precision)
    mean, deviation = statistics(x_train)
    return ((pixels / 255 - mean) / deviation).astype(precision)


def statistics(x_train: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and standard deviation of pixel / 255, from sums of integers, which no order of summation changes."""
    counts = np.zeros(LEVELS, np.int64)
    flat = x_train.reshape(-1)
    for start in range(0, len(flat), _PIXELS_AT_ONCE):
        counts += np.bincount(flat[start : start + _PIXELS_AT_ONCE], minlength=LEVELS)
    total = int(counts @ np.arange(LEVELS))
    squares = int(counts @ np.arange(LEVELS) ** 2)
    spread = len(flat) * squares - total * total
    return total / (255 * len(flat)), float(np.sqrt(float(spread))) / (255 * len(flat))
