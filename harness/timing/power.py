"""What a gate can tell: the smallest slowdown that so many processes show, and how many processes decide.

By simulation with a fixed seed, of process medians whose logarithms are normal with a given standard deviation, the
spread. The same draws serve every slowdown: for each draw the smallest slowdown that is found is computed exactly, from
the order statistics of the pairwise differences (the Mann-Whitney statistic counts the positive ones) or, of a head and
a base that were timed in turns, of the means of two (so does the signed-rank statistic).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

from harness.records.array_types import FloatArray
from harness.timing.slowdown import ALPHA, BETA, FLOOR, SLOWDOWN, fewest_processes
from harness.timing.turns import means_of_two, p_positive

POWER = 0.9
DRAWS = 2000
MOST_PROCESSES = 40  # more are never advised: who needs them needs a calmer machine


def detectable_slowdown(
    processes: int, spread: float, rows: int = 1, power: float = POWER, in_turns: bool = False
) -> float:
    """The smallest relative slowdown that is found with this power by so many processes on each side.

    `rows`: the size of the family; the correction is that of the row that is tested first. `in_turns`: whether head and
    base are timed in the same rounds; `spread` is then that of the logarithm of their ratio. Infinite where so few
    processes can find nothing.
    """
    if processes < fewest_processes(rows, in_turns):
        return math.inf
    found = _found_from(processes, ALPHA / max(rows, 1), in_turns)
    return float(np.expm1(np.quantile(np.maximum(spread * found[0], math.log1p(FLOOR) + spread * found[1]), power)))


def processes_needed(spread: float, rows: int = 1, power: float = POWER, in_turns: bool = False) -> int | None:
    """How many processes on each side decide with this power: `slower` for `SLOWDOWN`, and `not slower` for equal arms.

    None if more than `MOST_PROCESSES` are needed.
    """
    if not math.isfinite(spread):
        return None

    def enough(processes: int) -> bool:
        is_noticed = detectable_slowdown(processes, spread, rows, power, in_turns) <= SLOWDOWN
        return is_noticed and _share_cleared(processes, spread, in_turns) >= power

    if not enough(MOST_PROCESSES):
        return None
    low, high = fewest_processes(rows, in_turns) - 1, MOST_PROCESSES
    while high - low > 1:  # power grows with the processes, so halving finds the first that is enough
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _share_cleared(processes: int, spread: float, in_turns: bool) -> float:
    """How often equal arms are found not slower: the shift by `SLOWDOWN` must be significant."""
    if spread == 0:
        return 1.0
    found, _ = _found_from(processes, BETA, in_turns)
    return float(np.mean(spread * found <= math.log1p(SLOWDOWN)))


@cache
def _found_from(processes: int, alpha: float, in_turns: bool) -> tuple[FloatArray, FloatArray]:
    """Per draw, for a spread of 1: the smallest shift of the head that the test rejects, and that for a ratio of 1.

    The head x is shifted by s: the differences x_i + s - y_j grow with s, the statistic is the number of positive ones,
    and their median is the logarithm of the ratio. In turns they are the means of two d + s.
    """
    random = np.random.default_rng(processes)
    if in_turns:
        apart = -means_of_two(random.standard_normal((DRAWS, processes)))
    else:
        x, y = random.standard_normal((2, DRAWS, processes))
        apart = (y[:, np.newaxis, :] - x[:, :, np.newaxis]).reshape(DRAWS, -1)
    ascending = np.sort(apart, axis=1)
    critical = critical_count(processes, alpha, in_turns)
    never = np.full(DRAWS, np.inf)
    return (ascending[:, critical - 1] if critical <= ascending.shape[1] else never), np.median(ascending, axis=1)


@cache
def critical_count(processes: int, alpha: float, in_turns: bool = False) -> int:
    """The smallest value of the statistic at which the test rejects; one more than its largest where none does.

    The largest is n**2, in turns n (n + 1) / 2. Found with the test itself, on samples without ties that have a given
    statistic.
    """
    low, high = 0, (processes * (processes + 1) // 2 if in_turns else processes**2) + 1
    while high - low > 1:
        middle = (low + high) // 2
        p = _p_of_ranks(processes, middle) if in_turns else _p_of_count(processes, middle)
        low, high = (low, middle) if p <= alpha else (middle, high)
    return high


def _p_of_count(processes: int, count: int) -> float:
    """The p-value of samples of which `count` pairs have x_i > y_j."""
    whole, rest = divmod(count, processes)
    y = np.arange(processes, dtype=np.float64)
    beaten = [processes] * whole + [rest] + [0] * processes
    x = np.array([number - 0.5 + 1e-6 * place for place, number in enumerate(beaten[:processes])])
    return float(scipy.stats.mannwhitneyu(x, y, alternative="greater", method="exact").pvalue)


def _p_of_ranks(rounds: int, count: int) -> float:
    """The p-value of so many values whose positive ones have ranks that add up to `count`."""
    d = -np.arange(1.0, rounds + 1)
    for rank in range(rounds, 0, -1):
        if rank <= count:
            d[rank - 1], count = rank, count - rank
    return float(p_positive(d))
