"""From which block on a process runs at its steady speed: detected in the series of its step times, never assumed.

The rule is MSER, the marginal standard error rule (K. P. White, Simulation 69, 1997, 323-334): of n values x the first
d* are cut, where d* minimises the squared standard error of the mean of the rest,

    d* = argmin over d of  sum over i > d of (x_i - mean(x_d+1 ... x_n))**2 / (n - d)**2,    0 <= d <= n / 2.

The rule alone is not robust and cuts too much, so it is guarded:

- x first passes through a running median of `WINDOW` values: one or two slow steps in a row disappear, while a shift of
  level stays where it is. What is farther from the second half than that is wide is moved to this distance, so that
  a longer interruption does not outweigh the warm-up.
- The cut goes back to the last value that is farther from the values after d* than these are wide: what looks like the
  steady part belongs to it. In noise without a warm-up little or nothing is cut.
- The rest must be level. It is split where two medians fit it best (least absolute deviations, which single slow steps
  hardly move). If the medians differ by more than `LEVEL`, and a Mann-Whitney test rejects at `SIGNIFICANCE` that both
  sides are alike, the speed shifted: the cut moves there, and what is left is tried again. If the cut comes to the
  middle of the series, no steady state was reached (White).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second
from numpy.typing import ArrayLike

from harness.records.array_types import FloatArray

FEWEST = 20  # values: with fewer, neither a warm-up nor a drift is told from noise reliably
WINDOW = 5
LEVEL = 0.05
SIGNIFICANCE = 1e-3


@dataclass(frozen=True)
class WarmUp:
    """Where the warm-up ends.

    `steady_from`: the index of the first value of the steady part; the middle of the series where `settled` is False,
    that is, where no steady state was reached. `reason`: why it was not reached; empty where it was.
    """

    steady_from: int
    settled: bool
    reason: str = ""


def find_warm_up(step_times_s: ArrayLike) -> WarmUp:
    """Where the warm-up ends in a series of step times, in the order in which they were measured.

    The values may be in any unit. Raises ValueError where they are not a series of finite numbers.
    """
    times_s = np.asarray(step_times_s, np.float64)
    if times_s.ndim != 1 or not np.isfinite(times_s).all():
        raise ValueError("step_times_s must be a series of finite numbers")
    middle = len(times_s) // 2
    if len(times_s) < FEWEST:
        return WarmUp(middle, False, f"{len(times_s)} blocks are too few to find a warm-up; it takes {FEWEST}")
    smooth = scipy.ndimage.median_filter(times_s, size=WINDOW, mode="nearest")
    low, high = _band(smooth[middle:])
    cut = _least_standard_error(np.clip(smooth, low, high))
    low, high = _band(smooth[cut:])
    outside = np.flatnonzero((smooth[:cut] < low) | (smooth[:cut] > high))
    cut = int(outside[-1]) + 1 if len(outside) else 0
    while cut < middle and (shift := _shift_within(smooth[cut:], times_s[cut:])):
        cut += shift
    if cut >= middle:
        return WarmUp(middle, False, "no steady state: the step time still changed in the second half of the blocks")
    return WarmUp(cut, True)


def _band(values: FloatArray) -> tuple[float, float]:
    """The range from the 5 % to the 95 % quantile, widened by itself to either side."""
    low, high = np.quantile(values, (0.05, 0.95))
    return float(2 * low - high), float(2 * high - low)


def _least_standard_error(values: FloatArray) -> int:
    """d* of the MSER rule; the smallest where several are equal."""
    count = len(values)
    return int(np.argmin([np.var(values[cut:]) / (count - cut) for cut in range(count // 2 + 1)]))


def _shift_within(smooth: FloatArray, times_s: FloatArray) -> int:
    """Where the level shifts: the index of the first value after it; 0 where it does not, or only as much as noise."""
    count = len(smooth)
    splits = range(WINDOW, count - WINDOW + 1)
    deviations = [_deviation(smooth[:split]) + _deviation(smooth[split:]) for split in splits]
    split = splits[int(np.argmin(deviations))]
    before, after = times_s[:split], times_s[split:]
    level, level_after = np.median(before), np.median(after)
    if abs(level_after - level) <= LEVEL * level:
        return 0
    return split if scipy.stats.mannwhitneyu(before, after).pvalue < SIGNIFICANCE else 0


def _deviation(values: FloatArray) -> float:
    """The sum of the absolute deviations from the median."""
    return float(np.sum(np.abs(values - np.median(values))))
