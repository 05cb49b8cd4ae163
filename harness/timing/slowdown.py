"""Whether one arm has become slower than its base: three answers, each of which must be earned.

Compared are process medians x (head) and y (base), with the exact Mann-Whitney test (H. B. Mann, D. R. Whitney, Ann.
Math. Stat. 18, 1947, 50-60), which takes no law for granted. The ratio is the Hodges-Lehmann estimate that belongs to
this test, the median over all pairs of x_i / y_j (J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34, 1963, 598-611).

- **slower**: the test rejects "x is not larger than y" at `ALPHA`, corrected over all rows of the gate by Holm's method
  (S. Holm, Scand. J. Stat. 6, 1979, 65-70), and the ratio is at least 1 + `FLOOR`.
- **not slower**: the test rejects "x is at least (1 + `SLOWDOWN`) y" at `BETA`. A gate passes only if all its rows are
  not slower, so this side needs no correction (R. L. Berger, Technometrics 24, 1982, 295-300).
- **undecided**: neither.

The floor is well below the slowdown that is to be noticed: with a floor of 5 % a true slowdown of 5 % is missed every
second time, whatever the number of processes, because the estimate lies below the truth as often as above it.

`slower` is only said by the last look. A first look at few processes may say `not slower` where p is above `SCREEN`;
otherwise more rounds are timed, pooled with the first, and tested once. A second look that must fail as well would miss
three of four slowdowns. The error rates are those of times whose only disturbance is that of each process; a drift
between two invocations is not among them, which is why head and base are best timed in one invocation, in turns: see
`harness.timing.turns`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

from harness.records.array_types import FloatArray

ALPHA = 0.01
BETA = 0.05
SCREEN = 0.10
FLOOR = 0.02
SLOWDOWN = 0.05

Answer = Literal["slower", "not slower", "undecided"]


@dataclass(frozen=True)
class Evidence:
    """Both tests on the process medians of a head and a base.

    `ratio`: head over base. `p_slower`: of the test that rejects "not larger". `p_below`: of the test that rejects
    "larger by `SLOWDOWN` or more". `spread`: the standard deviation of the logarithms within head and base; where they
    were timed in turns, that of their ratio. Without a process on one side, the numbers are NaN and the p-values 1.
    """

    ratio: float
    p_slower: float
    p_below: float
    spread: float
    head_processes: int
    base_processes: int
    in_turns: bool = False


def evidence(head_s: Sequence[float], base_s: Sequence[float]) -> Evidence:
    """Both tests. The times are positive, in any unit; they may come in any order."""
    x, y = (np.log(np.asarray(times_s, np.float64)) for times_s in (head_s, base_s))
    if not len(x) or not len(y):
        return Evidence(math.nan, 1.0, 1.0, math.nan, len(x), len(y))
    return Evidence(
        ratio=math.exp(float(np.median(np.subtract.outer(x, y)))),
        p_slower=float(p_larger(x, y)),
        p_below=float(p_larger(y + math.log1p(SLOWDOWN), x)),
        spread=_pooled_deviation(x, y),
        head_processes=len(x),
        base_processes=len(y),
    )


def p_larger(x: FloatArray, y: FloatArray) -> FloatArray:
    """The p-value of the exact Mann-Whitney test that rejects "x is not larger than y", along the last axis."""
    return np.asarray(scipy.stats.mannwhitneyu(x, y, alternative="greater", method="exact", axis=-1).pvalue)


def answers(rows: Sequence[Evidence], is_last_look: bool = True) -> list[Answer]:
    """The answer for each row of a gate. With more rounds to come, `slower` is not said yet."""
    corrected = holm([row.p_slower for row in rows])
    return [_answer(row, p, is_last_look) for row, p in zip(rows, corrected, strict=True)]


def _answer(row: Evidence, p_slower: float, is_last_look: bool) -> Answer:
    if is_last_look and p_slower <= ALPHA and row.ratio >= 1 + FLOOR:
        return "slower"
    is_suspect = not is_last_look and row.p_slower <= SCREEN
    return "not slower" if row.p_below <= BETA and not is_suspect else "undecided"


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number m: in ascending order the largest of (m - i) p_i so far, at most 1."""
    order = np.argsort(p_values, kind="stable")
    ascending = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(ascending), 1.0)
    return [float(p) for p in corrected]


def fewest_processes(rows: int, in_turns: bool = False) -> int:
    """The smallest number n of processes on each side with which one of so many rows can be found slower.

    The smallest p-value of the test is 1 / binomial(2 n, n), that of the signed-rank test over n rounds 1 / 2**n. It
    must not exceed `ALPHA / rows`.
    """
    processes = 1
    while (2**processes if in_turns else math.comb(2 * processes, processes)) * ALPHA < max(rows, 1):
        processes += 1
    return processes


def _pooled_deviation(x: FloatArray, y: FloatArray) -> float:
    freedom = len(x) + len(y) - 2
    if freedom < 1:
        return math.nan
    squares = float(np.sum((x - x.mean()) ** 2) + np.sum((y - y.mean()) ** 2))
    return math.sqrt(squares / freedom)
