"""What an arm sees of a data set: its samples in the arm's precision, pixels normalised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import scaled
from harness.spec.data import Data, Digits

LEVELS = 256
_AT_ONCE = 1 << 20  # pixels, since counting makes eight bytes of each


class Inputs:
    """Made once for a data set and a precision; called with samples as the loader gave them."""

    def __init__(self, spec: Data, x_train: NDArray[Any], precision: str) -> None:
        self.precision = precision
        self.table = _table(spec.normalisation, x_train, precision) if isinstance(spec, Digits) else None

    def __call__(self, samples: NDArray[Any]) -> NDArray[Any]:
        return samples.astype(self.precision) if self.table is None else self.table[samples]


def _table(normalisation: str, x_train: NDArray[np.uint8], precision: str) -> NDArray[Any]:
    """What each of the 256 values of a pixel becomes."""
    pixels = np.arange(LEVELS, dtype=np.uint8)
    if normalisation == "none":
        return pixels.astype(precision)
    if normalisation == "unit":
        return scaled(pixels, precision)
    mean, deviation = statistics(x_train)
    return ((pixels / 255 - mean) / deviation).astype(precision)


def statistics(x_train: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and standard deviation of pixel / 255; from whole numbers, so that no order of summation plays a part."""
    counts = np.zeros(LEVELS, np.int64)
    flat = x_train.reshape(-1)
    for start in range(0, len(flat), _AT_ONCE):
        counts += np.bincount(flat[start : start + _AT_ONCE], minlength=LEVELS)
    total = int(counts @ np.arange(LEVELS))
    squares = int(counts @ np.arange(LEVELS) ** 2)
    spread = len(flat) * squares - total * total
    return total / (255 * len(flat)), float(np.sqrt(float(spread))) / (255 * len(flat))
