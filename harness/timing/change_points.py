"""Where a series of measurements changes its level: an optimal partition proposes, permutation tests confirm.

The values are replaced by their ranks first. Times have outliers (a machine that was busy) and a spread in proportion
to their size. Ranks bound what one outlier can do, and are the same for times, rates and the logarithms of either.

**Proposal.** Optimal partitioning (Jackson et al. 2005, doi:10.1109/LSP.2001.838216) finds the segmentation of the
standardised ranks that minimises the squared distances from the means of the segments plus `PENALTY * log(n)` for each
change. PELT finds the same in less time where series are long; here they have at most `LONGEST` values.

**Confirmation.** A place that was chosen because it looks like a change cannot be tested as if it had been fixed
before. So a statistic is a maximum over all places, and its p-value the share of random orders of the same values in
which it is as large. This is exact where the order has no meaning: without a change, p is at most alpha with
probability alpha.

1. The whole series: the largest standardised difference of means between a stretch and the rest, over all stretches,

       T(x) = max over i < j of |mean(x[i:j]) - mean(rest)| * sqrt(m * (n - m) / n),  m = j - i

   (Olshen, Venkatraman, Lucito and Wigler 2004, doi:10.1093/biostatistics/kxh008). It also notices a change that is
   undone later. Only if it rejects are there any changes. So in a series without a change the probability of a false
   alarm is at most alpha, however many places are proposed.
2. Each proposed place, by the values between its two neighbours: the same with i = 0, which cuts them in two.

`confirmed` corrects over several series by Holm's method, and over the places of a series by Bonferroni's. What the
tests suppose is that, without a change, the order of the runs has no meaning. A machine that becomes slower bit by bit
is therefore reported as a change too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from harness.records.array_types import FloatArray

FEWEST = 10  # values of a series that is searched: of 5 and 5 in order, 2 of 252 divisions are as extreme
MIN_SIZE = 3  # values of a segment
PENALTY = 3.0
ALPHA = 0.01
RESAMPLES = 1999
LONGEST = 200  # a longer series is searched by the medians of neighbouring values
STRETCHES = 40  # ends of stretches that are tried, equally spaced
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """`place`: the number of the first value of the new level. `before`, `after`: the medians of the two segments.
    `p`: of the test of this place, corrected over the places that were tested in the series.
    """

    place: int
    before: float
    after: float
    p: float

    @property
    def ratio(self) -> float:
        """The new level over the old one."""
        return self.after / self.before if self.before else float("nan")


def confirmed(series: Mapping[Key, Sequence[float]], alpha: float = ALPHA, seed: int = 0) -> dict[Key, list[Change]]:
    """The changes of each series, in order.

    Args:
        series: finite values in the order of time, by any key.
        alpha: the probability that, where nothing changes, there is a change in any of the series.
        seed: of the random orders, so that the same values have the same answer.

    Returns:
        The changes of each series; none of one with fewer than `FEWEST` values.
    """
    searched = {key: np.asarray(values, np.float64) for key, values in series.items() if len(values) >= FEWEST}
    proposals = {key: _proposed(_blocks(values)) for key, values in searched.items()}
    resamples = _resamples(alpha / max(1, len(searched)))
    p_values = {
        key: _p_value(_blocks(searched[key]), _largest_of_stretches, resamples, seed)
        for key, places in proposals.items()
        if places
    }
    found: dict[Key, list[Change]] = {key: [] for key in series}
    for key in _holm(p_values, len(searched), alpha):
        found[key] = _changes(searched[key], proposals[key], alpha, seed)
    return found


def _changes(values: FloatArray, places: Sequence[int], alpha: float, seed: int) -> list[Change]:
    """The proposed places that are confirmed. The least significant that is not is removed, and the others are tested
    again, since the segments beside it have become one. `places` are numbers of blocks."""
    blocks, remaining = _blocks(values), list(places)
    while remaining:
        ends = [0, *remaining, len(blocks)]
        resamples = _resamples(alpha / len(remaining))
        spans = [blocks[ends[i] : ends[i + 2]] for i in range(len(remaining))]
        p_values = [_p_value(span, _largest_of_cuts, resamples, seed) for span in spans]
        corrected = [min(1.0, p * len(remaining)) for p in p_values]
        worst = int(np.argmax(corrected))
        if corrected[worst] <= alpha:
            cuts = [0, *_refined(values, remaining), len(values)]
            levels = [float(np.median(values[start:stop])) for start, stop in pairwise(cuts)]
            return [Change(cuts[i + 1], levels[i], levels[i + 1], p) for i, p in enumerate(corrected)]
        del remaining[worst]
    return []


def _proposed(values: FloatArray) -> list[int]:
    """The places of the segmentation with the least cost, of segments of at least `MIN_SIZE` values.

    A segment costs sum(x^2) - sum(x)^2 / n of its ranks x. (`ruptures` does the same, and takes a second to import.)
    """
    ranks = _standard_ranks(values)
    if not ranks.any():
        return []
    count, penalty = len(ranks), PENALTY * np.log(len(ranks))
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (ranks, ranks**2))
    least = np.full(count + 1, np.inf)  # the cost of the values before a place, with a penalty for each segment
    least[0] = 0.0
    last_cut = np.zeros(count + 1, np.int64)
    for end in range(MIN_SIZE, count + 1):
        cuts = np.arange(end - MIN_SIZE + 1)
        costs = squares[end] - squares[cuts] - (sums[end] - sums[cuts]) ** 2 / (end - cuts)
        totals = least[cuts] + costs + penalty
        last_cut[end] = int(np.argmin(totals))
        least[end] = totals[last_cut[end]]
    places = [int(last_cut[count])]
    while places[-1] > 0:
        places.append(int(last_cut[places[-1]]))
    return places[-2::-1]


def _width(count: int) -> int:
    """How many values are one block."""
    return -(-count // LONGEST)


def _blocks(values: FloatArray) -> FloatArray:
    """The medians of neighbouring values of a long series; the values of a short one."""
    width = _width(len(values))
    return np.array([np.median(values[start : start + width]) for start in range(0, len(values), width)])


def _refined(values: FloatArray, places: Sequence[int]) -> list[int]:
    """The places in the values: of a long series the best cut within a block to either side."""
    width = _width(len(values))
    ends = [0, *(place * width for place in places), len(values)]
    refined = []
    for before, place, after in zip(ends, ends[1:], ends[2:], strict=False):
        gains = _gains_of_cuts(_standard_ranks(values[before:after]))
        near = np.arange(max(place - width, before + 1) - before, min(place + width, after - 1) - before + 1)
        refined.append(before + int(near[np.argmax(gains[near - 1])]) if width > 1 else place)
    return refined


def _resamples(alpha: float) -> int:
    """So many random orders that a p-value can be half of `alpha`."""
    return max(RESAMPLES, int(2 / alpha))


def _p_value(values: FloatArray, statistic: Callable[[FloatArray], Any], resamples: int, seed: int) -> float:
    """The share of random orders of the values, and of theirs, in which the statistic is as large as in theirs."""
    ranks = _standard_ranks(values)
    if len(ranks) < 2 * MIN_SIZE or not ranks.any():
        return 1.0
    least = statistic(ranks) * (1 - 1e-12)  # the same sum in another order is as large
    rng = np.random.default_rng(seed)
    as_large = 0
    for start in range(0, resamples, RESAMPLES):
        orders = np.tile(ranks, (min(RESAMPLES, resamples - start), 1))
        as_large += int((statistic(rng.permuted(orders, axis=1)) >= least).sum())
    return (as_large + 1) / (resamples + 1)


def _largest_of_cuts(ranks: FloatArray) -> Any:
    """The largest difference of means at a cut, along the last axis."""
    return _gains_of_cuts(ranks)[..., MIN_SIZE - 1 : ranks.shape[-1] - MIN_SIZE].max(axis=-1)


def _largest_of_stretches(ranks: FloatArray) -> Any:
    """T of the docstring, along the last axis, over the stretches between `STRETCHES` ends."""
    count = ranks.shape[-1]
    ends = np.unique(np.linspace(0, count, min(count, STRETCHES) + 1).round().astype(int))
    first, last = np.triu_indices(len(ends), 1)
    lengths = ends[last] - ends[first]
    kept = (lengths >= MIN_SIZE) & (lengths <= count - MIN_SIZE)
    sums = np.concatenate([np.zeros((*ranks.shape[:-1], 1)), np.cumsum(ranks, axis=-1)], axis=-1)[..., ends]
    lengths = lengths[kept]
    # The ranks have the mean 0, so the rest of a stretch has minus its sum.
    gains = np.abs(sums[..., last[kept]] - sums[..., first[kept]]) / np.sqrt(lengths * (count - lengths) / count)
    return gains.max(axis=-1)


def _gains_of_cuts(ranks: FloatArray) -> FloatArray:
    """For each cut k = 1 .. n - 1 the difference of the means beside it times sqrt(k (n - k) / n)."""
    count = ranks.shape[-1]
    cuts = np.arange(1, count)
    return np.asarray(np.abs(np.cumsum(ranks, axis=-1)[..., :-1]) / np.sqrt(cuts * (count - cuts) / count))


def _standard_ranks(values: FloatArray) -> FloatArray:
    """Ranks, of equal values their mean, with mean 0 and variance 1; zeros where all values are equal."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    spread = ranks.std()
    return np.asarray((ranks - ranks.mean()) / spread) if spread > 0 else np.zeros(len(values))


def _holm(p_values: Mapping[Key, float], count: int, alpha: float) -> list[Key]:
    """The keys whose p-value is significant at `alpha` over `count` tests, by Holm's method."""
    rejected: list[Key] = []
    for number, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        if p_values[key] > alpha / (count - number):
            break
        rejected.append(key)
    return rejected
