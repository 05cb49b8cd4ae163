"""How a time grows with a size: a power law, fitted to the logarithms by least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

FEWEST = 3  # points: two always lie on a line


@dataclass(frozen=True)
class Growth:
    """`time = factor * size ** exponent`. `error`: the standard error of the exponent."""

    factor: float
    exponent: float
    error: float

    def at(self, size: float) -> float:
        """The time that the fit gives for a size."""
        return float(self.factor * size**self.exponent)

    def in_words(self, key: str) -> str:
        """The law of growth, with the name of the size."""
        return f"{key} ** {self.exponent:.2f} (standard error {self.error:.2f})"


def growth(sizes: Sequence[float], times_s: Sequence[float]) -> Growth | None:
    """The fit; None with less than `FEWEST` different sizes, or where a size or a time is not positive."""
    x, y = np.asarray(sizes, np.float64), np.asarray(times_s, np.float64)
    is_known = np.isfinite(y)
    x, y = x[is_known], y[is_known]
    if len(set(x)) < FEWEST or (x <= 0).any() or (y <= 0).any():
        return None
    fit = scipy.stats.linregress(np.log(x), np.log(y))
    return Growth(float(np.exp(fit.intercept)), float(fit.slope), float(fit.stderr))
