"""What a gate can tell: the smallest slowdown that so many processes show, and how many processes decide.

By simulation with a fixed seed, of process medians whose logarithms are normal with a given standard deviation, the
spread. The same draws serve every slowdown: for each draw the smallest slowdown that is found is computed exactly, from
the order statistics of the pairwise differences (the Mann-Whitney statistic counts the positive ones).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

from harness.records.array_types import FloatArray
from harness.timing.slowdown import ALPHA, BETA, FLOOR, SLOWDOWN, fewest_processes

POWER = 0.9
DRAWS = 2000
MOST_PROCESSES = 40  # more are never advised: who needs them needs a calmer machine


def detectable_slowdown(processes: int, spread: float, rows: int = 1, power: float = POWER) -> float:
    """The smallest relative slowdown that is found with this power by so many processes on each side.

    `rows`: the size of the family; the correction is that of the row that is tested first. Infinite where so few
    processes can find nothing.
    """
    if processes < fewest_processes(rows):
        return math.inf
    found = _found_from(processes, ALPHA / max(rows, 1))
    return float(np.expm1(np.quantile(np.maximum(spread * found[0], math.log1p(FLOOR) + spread * found[1]), power)))


def processes_needed(spread: float, rows: int = 1, power: float = POWER) -> int | None:
    """How many processes on each side decide with this power: `slower` for `SLOWDOWN`, and `not slower` for equal arms.

    None if more than `MOST_PROCESSES` are needed.
    """
    if not math.isfinite(spread):
        return None

    def enough(processes: int) -> bool:
        is_noticed = detectable_slowdown(processes, spread, rows, power) <= SLOWDOWN
        return is_noticed and _share_cleared(processes, spread) >= power

    if not enough(MOST_PROCESSES):
        return None
    low, high = fewest_processes(rows) - 1, MOST_PROCESSES
    while high - low > 1:  # power grows with the processes, so halving finds the first that is enough
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _share_cleared(processes: int, spread: float) -> float:
    """How often equal arms are found not slower: the shift by `SLOWDOWN` must be significant."""
    if spread == 0:
        return 1.0
    found, _ = _found_from(processes, BETA)
    return float(np.mean(spread * found <= math.log1p(SLOWDOWN)))


@cache
def _found_from(processes: int, alpha: float) -> tuple[FloatArray, FloatArray]:
    """Per draw, for a spread of 1: the smallest shift of x that the test rejects, and that which gives a ratio of 1.

    x is shifted by s: the differences x_i + s - y_j grow with s, the statistic is the number of positive ones, and
    their median is the logarithm of the ratio.
    """
    random = np.random.default_rng(processes)
    x, y = random.standard_normal((2, DRAWS, processes))
    differences = np.sort((y[:, np.newaxis, :] - x[:, :, np.newaxis]).reshape(DRAWS, -1), axis=1)
    critical = critical_count(processes, alpha)
    never = np.full(DRAWS, np.inf)
    return (differences[:, critical - 1] if critical <= processes**2 else never), np.median(differences, axis=1)


@cache
def critical_count(processes: int, alpha: float) -> int:
    """The smallest value of the statistic, of n**2 at most, at which the test rejects; n**2 + 1 where none does.

    Found with the test itself, on samples without ties that have a given statistic.
    """
    low, high = 0, processes**2 + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _p_of_count(processes, middle) <= alpha else (middle, high)
    return high


def _p_of_count(processes: int, count: int) -> float:
    """The p-value of samples of which `count` pairs have x_i > y_j."""
    whole, rest = divmod(count, processes)
    y = np.arange(processes, dtype=np.float64)
    beaten = [processes] * whole + [rest] + [0] * processes
    x = np.array([number - 0.5 + 1e-6 * place for place, number in enumerate(beaten[:processes])])
    return float(scipy.stats.mannwhitneyu(x, y, alternative="greater", method="exact").pvalue)
