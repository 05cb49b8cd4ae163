"""Whether two arms reach the same final accuracy, from the differences of their paired runs.

The two one-sided tests (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987, 657-680): with d_1 ... d_n, their mean
m, standard deviation s and standard error e = s / sqrt(n), the arms are equivalent at level alpha where both
`m <= -margin` and `m >= margin` are rejected by one-sided t-tests with n - 1 degrees of freedom. That is where the
(1 - 2 alpha) interval m -+ t e lies inside the margin. If it lies wholly outside the margin, they are different, by the
same tests with the sides exchanged. Otherwise the runs do not decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

ALPHA = 0.05
POWER = 0.8
MOST_PAIRS = 1000  # more are never advised: a study that needs them needs a larger margin

Decision = Literal["equivalent", "different", "undecided"]


@dataclass(frozen=True)
class Equivalence:
    """The result of both tests on `pairs` differences, in the unit of the differences.

    `low`, `high`: the (1 - 2 alpha) interval of the mean. `p_above`: the p-value of the test that rejects a mean at or
    below `-margin`; `p_below`: of the test that rejects a mean at or above `margin`.
    """

    pairs: int
    mean: float
    standard_deviation: float
    standard_error: float
    low: float
    high: float
    p_above: float
    p_below: float
    margin: float
    alpha: float
    decision: Decision

    @cached_property
    def pairs_advised(self) -> int | None:
        """How many new pairs, judged alone, decide with probability `POWER` if mean and spread are as measured.

        None if these pairs decide already, if their standard error is not finite, or if more than `MOST_PAIRS` are
        needed.
        """
        if self.decision != "undecided" or not math.isfinite(self.standard_error):
            return None
        return pairs_needed(self.mean, self.standard_deviation, self.margin, self.alpha)


def paired_equivalence(
    differences: Sequence[float], margin: float, alpha: float = ALPHA, resolution: float = 0.0
) -> Equivalence:
    """The two one-sided tests on paired differences, which may come in any order.

    `resolution`: the grid on which the differences lie; accuracies over N samples are multiples of 1/N. Numbers on a
    grid of width h cannot show a spread below h / sqrt(12), the standard deviation of the rounding itself (Sheppard),
    so no smaller spread is used: otherwise two runs with the same difference, by luck, would seem certain. Without a
    resolution, differences without spread give an interval of one point, and the margin itself counts as inside.

    The result is undecided, with an infinite interval, if there are fewer than two differences or one is not finite.
    """
    count = len(differences)
    mean = float(np.mean(differences)) if count else math.nan
    spread = max(float(np.std(differences, ddof=1)), resolution / math.sqrt(12)) if count > 1 else math.nan
    error = spread / math.sqrt(count) if count else math.nan
    if not math.isfinite(mean) or not math.isfinite(error):
        unknown = (-math.inf, math.inf, math.nan, math.nan)
        return Equivalence(count, mean, spread, error, *unknown, margin, alpha, "undecided")
    reach = float(scipy.stats.t.ppf(1 - alpha, count - 1)) * error
    # A mean equal to the margin is within it, in spite of the rounding of the accuracies from which it is computed.
    slack = float(np.finfo(np.float64).eps) if error == 0 else 0.0
    decision: Decision = "undecided"
    if abs(mean) + reach < margin or (error == 0 and abs(mean) <= margin + slack):
        decision = "equivalent"
    elif abs(mean) - reach > margin:
        decision = "different"
    return Equivalence(
        count,
        mean,
        spread,
        error,
        mean - reach,
        mean + reach,
        _p_value(mean + margin + slack, error, count),
        _p_value(margin + slack - mean, error, count),
        margin,
        alpha,
        decision,
    )


def _p_value(distance: float, error: float, count: int) -> float:
    """P(T >= distance / error) for Student's T; without any spread, 0 on the right side and 1 on the wrong one."""
    if error == 0:
        return 0.0 if distance >= 0 else 1.0
    return float(scipy.stats.t.sf(distance / error, count - 1))


def pairs_needed(
    mean: float,
    standard_deviation: float,
    margin: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int | None:
    """The smallest number of pairs that decides with this power, for differences of this mean and standard deviation.

    They decide for equivalence if the mean is inside the margin, else for a difference. None if `MOST_PAIRS` are too
    few.
    """

    def enough(pairs: int) -> bool:
        return _power(mean, standard_deviation / math.sqrt(pairs), pairs - 1, margin, alpha) >= power

    if not enough(MOST_PAIRS):
        return None
    low, high = 1, MOST_PAIRS  # power grows with the pairs, so halving finds the first that is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _power(mean: float, standard_error: float, freedom: int, margin: float, alpha: float) -> float:
    inside = abs(mean) < margin
    return (power_of_equivalence if inside else power_of_difference)(mean, standard_error, freedom, margin, alpha)


def power_of_equivalence(
    mean: float, standard_error: float, freedom: int, margin: float, alpha: float = ALPHA
) -> float:
    """The probability that both tests reject, for a true mean and a true standard error.

    Exact: if the measured standard error is r times the true one, where r**2 freedom is chi-squared distributed, the
    measured mean must lie within `margin - t r standard_error` of 0; this probability is integrated over r. (K. F.
    Phillips, J. Pharmacokinet. Biopharm. 18, 1990, 137-144, writes it as a difference of two of Owen's Q functions.)
    """
    if freedom < 1:
        return 0.0
    reach = float(scipy.stats.t.ppf(1 - alpha, freedom)) * standard_error
    if reach == 0:
        return float(abs(mean) < margin)

    half = freedom / 2
    constant = math.log(2) + half * math.log(half) - math.lgamma(half)

    def given(ratio: float) -> float:
        """The density of the ratio times the probability that the mean lies inside."""
        room = margin - reach * ratio
        above, below = (scipy.special.ndtr((side - mean) / standard_error) for side in (room, -room))
        within = above - below
        return float(within) * math.exp(constant + (freedom - 1) * math.log(ratio) - half * ratio**2)

    # Beyond margin / reach no mean lies inside. Far from 1 the density is practically 0, so quad integrates near 1.
    width = 12 / math.sqrt(2 * freedom)
    start, end = max(0.0, 1 - width), min(margin / reach, 1 + width)
    return float(scipy.integrate.quad(given, start, end)[0]) if start < end else 0.0


def power_of_difference(mean: float, standard_error: float, freedom: int, margin: float, alpha: float = ALPHA) -> float:
    """The probability that the interval lies wholly beyond the margin on the side of the mean: a noncentral t."""
    if freedom < 1:
        return 0.0
    if standard_error == 0:
        return float(abs(mean) > margin)
    needed = scipy.stats.t.ppf(1 - alpha, freedom)
    return float(scipy.stats.nct.sf(needed, freedom, (abs(mean) - margin) / standard_error))
