"""Whether times have changed between two spans of a bench, faster or slower, by the exact test of a slowdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.timing.slowdown import ALPHA, FLOOR, evidence


def change(later_s: Sequence[float], earlier_s: Sequence[float]) -> float:
    """How many times as long the later process medians are, if that is more than noise; else 1.

    It is if one of the two one-sided exact Mann-Whitney tests rejects at `ALPHA`, and the ratio in its direction is at
    least 1 + `FLOOR`. Equal spans are said to have changed in at most 2 of 100 cases, whatever their number of times.
    """
    slower, faster = evidence(later_s, earlier_s), evidence(earlier_s, later_s)
    is_change = any(found.p_slower <= ALPHA and found.ratio >= 1 + FLOOR for found in (slower, faster))
    return slower.ratio if is_change else 1.0


def change_within(times_s: Sequence[float]) -> float:
    """How many times as long the second half of a series in its order is, if that is more than noise; else 1.

    With fewer than 9 times nothing is found: 4 beside 5 are the fewest whose test can reach `ALPHA`.
    """
    middle = len(times_s) // 2
    return change(times_s[middle:], times_s[:middle])


def typical_difference(times_s: Sequence[float]) -> float:
    """How far two of the times typically lie apart: the median over all pairs of `max / min - 1`; 0 with less than two.

    Of normal logarithms with the standard deviation s it is about 0.95 s, for any number of times; the ratio of the
    largest to the smallest grows with their number. Fewer than about 3 in 10 times, however far off, leave it small.
    """
    if len(times_s) < 2:
        return 0.0
    logs = np.log(np.asarray(times_s, np.float64))
    first, second = np.triu_indices(len(logs), k=1)
    return math.expm1(float(np.median(np.abs(logs[first] - logs[second]))))
