"""Whether one arm has become slower than a base that was timed beside it, in the same rounds.

Head and base of a round ran one after the other, so that what the machine did at that moment is in both, and cancels in
their ratio. Tested are the logarithms d of these ratios, with the exact signed-rank test (F. Wilcoxon, Biometrics Bull.
1, 1945, 80-83), which takes no law for granted but that d is as often so far above its centre as below; the order
within a round is reversed from round to round, so that this holds for what comes first, too. The estimate that belongs
to the test is the median of all means of two d (J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34, 1963, 598-611).

The answers are those of `harness.timing.slowdown`, with the same levels. A control is not needed: it is the same for
both sides of a round. Where rounds differ by 20 % and the two sides of a round by 2 %, seven rounds tell what forty
processes apart do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

from harness.records.array_types import FloatArray
from harness.timing.slowdown import SLOWDOWN, Evidence


def evidence_in_turns(head_s: Sequence[float], base_s: Sequence[float]) -> Evidence:
    """Both tests on times of the same rounds: `head_s[i]` and `base_s[i]` are of one round, in any unit."""
    d = np.log(np.asarray(head_s, np.float64)) - np.log(np.asarray(base_s, np.float64))
    if not len(d):
        return Evidence(math.nan, 1.0, 1.0, math.nan, 0, 0, in_turns=True)
    return Evidence(
        ratio=math.exp(float(centre(d))),
        p_slower=float(p_positive(d)),
        p_below=float(p_positive(math.log1p(SLOWDOWN) - d)),
        spread=float(np.std(d, ddof=1)) if len(d) > 1 else math.nan,
        head_processes=len(d),
        base_processes=len(d),
        in_turns=True,
    )


def p_positive(d: FloatArray) -> FloatArray:
    """The p-value of the exact signed-rank test that rejects "the centre of d is not above 0", along the last axis."""
    with np.errstate(all="ignore"):
        p = np.asarray(scipy.stats.wilcoxon(d, alternative="greater", method="exact", axis=-1).pvalue)
    return np.where(np.any(d != 0, axis=-1), p, 1.0)  # of nothing but zeros the test has no p-value


def centre(d: FloatArray) -> FloatArray:
    """The median of all means of two values, one value with itself included, along the last axis."""
    return np.asarray(np.median(means_of_two(d), axis=-1))


def means_of_two(d: FloatArray) -> FloatArray:
    """(..., n (n + 1) / 2): how many are positive is the statistic of the test, the sum of the positive ranks."""
    i, j = np.triu_indices(d.shape[-1])
    return np.asarray((d[..., i] + d[..., j]) / 2)
