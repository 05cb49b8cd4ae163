"""Equivalence of paired runs: against published figures, against other formulas, and by its rate of wrong decisions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.judging.statistics import (
    ALPHA,
    MOST_PAIRS,
    POWER,
    Equivalence,
    paired_equivalence,
    pairs_needed,
    power_of_difference,
    power_of_equivalence,
)

MARGIN = 0.003
DRAWS = 1000
# Four standard deviations of a rate that is counted over so many draws.
CHANCE = 4 * math.sqrt(ALPHA * (1 - ALPHA) / DRAWS)
SOME = (0.0012, -0.0021, 0.0005, -0.0030, 0.0011)


# --- Power -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cv", "subjects", "power"), [(0.2, 20, 0.834680), (0.25, 28, 0.807439), (0.3, 40, 0.815845)])
def test_power_of_published_designs(cv: float, subjects: int, power: float) -> None:
    """As the R package PowerTOST documents: bioequivalence in a 2x2 crossover, a ratio of 0.95 within 0.8 to 1.25."""
    standard_error = math.sqrt(math.log(1 + cv**2) * 2 / subjects)
    found = power_of_equivalence(math.log(0.95), standard_error, subjects - 2, math.log(1.25))
    assert round(found, 6) == power


@pytest.mark.parametrize(("mean", "pairs"), [(0.0, 3), (-0.002, 12), (0.0045, 4)])
def test_power_is_the_rate_of_right_decisions(mean: float, pairs: int) -> None:
    deviation = 0.0015
    drawn = np.random.default_rng(3).normal(mean, deviation, (100 * DRAWS, pairs))
    inside = abs(mean) < MARGIN
    rate = rates(drawn)["equivalent" if inside else "different"]
    power = (power_of_equivalence if inside else power_of_difference)(
        mean, deviation / math.sqrt(pairs), pairs - 1, MARGIN
    )
    assert abs(power - rate) < CHANCE / 10
    assert 0.05 < power < 0.99


def test_the_number_of_pairs_advised_is_the_fewest() -> None:
    for mean, deviation in ((0.0012, 0.002), (-0.0025, 0.001), (0.0045, 0.003)):
        needed = pairs_needed(mean, deviation, MARGIN)
        assert needed is not None
        power = power_of_equivalence if abs(mean) < MARGIN else power_of_difference
        reached, before = (power(mean, deviation / math.sqrt(n), n - 1, MARGIN) for n in (needed, needed - 1))
        assert before < POWER <= reached
    assert pairs_needed(MARGIN, 0.001, MARGIN) is None  # at the margin itself no number is enough
    assert pairs_needed(0.0, 1.0, MARGIN) is None
    assert pairs_needed(0.0, 0.0, MARGIN) == 2


# --- Decisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [0.001, MARGIN, 0.01])
@pytest.mark.parametrize("differences", [SOME, (0.004, 0.0045, 0.0062), (-0.02, 0.01), tuple(np.linspace(-1, 1, 30))])
def test_interval_and_p_values(differences: Sequence[float], margin: float) -> None:
    found = paired_equivalence(differences, margin)
    d, n = np.asarray(differences), len(differences)
    above = stats.ttest_1samp(d, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(d, margin, alternative="less").pvalue
    interval = stats.ttest_1samp(d, 0).confidence_interval(1 - 2 * ALPHA)
    np.testing.assert_allclose([found.p_above, found.p_below], [above, below], rtol=1e-12)
    np.testing.assert_allclose([found.low, found.high], interval, rtol=1e-12)
    assert found.p_above == pytest.approx(student((found.mean + margin) / found.standard_error, n - 1), rel=1e-12)
    # The tests and the interval decide alike.
    assert (found.decision == "equivalent") == (max(above, below) < ALPHA)
    assert (found.decision == "different") == (found.low > margin or found.high < -margin)


def student(t: float, freedom: int) -> float:
    """P(T >= t), as a regularised incomplete beta function to 30 digits."""
    with mpmath.workdps(30):
        tail = mpmath.betainc(freedom / 2, 0.5, 0, freedom / (freedom + mpmath.mpf(t) ** 2), regularized=True) / 2
        return float(tail if t > 0 else 1 - tail)


def test_signs_and_order_play_no_part() -> None:
    found, mirrored = paired_equivalence(SOME, MARGIN), paired_equivalence([-d for d in SOME[::-1]], MARGIN)
    assert mirrored.decision == found.decision
    np.testing.assert_allclose([mirrored.low, mirrored.high], [-found.high, -found.low], rtol=1e-12)
    np.testing.assert_allclose([mirrored.p_above, mirrored.p_below], [found.p_below, found.p_above], rtol=1e-12)


def rates(drawn: NDArray[np.float64]) -> dict[str, float]:
    """The share of rows that come to each decision, computed for all rows at once."""
    mean, error = drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / math.sqrt(drawn.shape[1])
    reach = stats.t.ppf(1 - ALPHA, drawn.shape[1] - 1) * error
    return {
        "equivalent": float(np.mean(np.abs(mean) + reach < MARGIN)),
        "different": float(np.mean(np.abs(mean) - reach > MARGIN)),
    }


def decisions(drawn: NDArray[np.float64], resolution: float = 0.0) -> dict[str, float]:
    found = [paired_equivalence(list(row), MARGIN, resolution=resolution).decision for row in drawn]
    return {decision: found.count(decision) / len(found) for decision in ("equivalent", "different")}  # type: ignore[arg-type]


@pytest.mark.parametrize("pairs", [2, 5, 10])
def test_wrong_decisions_are_as_rare_as_stated(pairs: int) -> None:
    """With a true mean at the margin neither decision is right; each may be made at the rate alpha."""
    drawn = np.random.default_rng(pairs).normal(MARGIN, 0.002, (DRAWS, pairs))
    found = decisions(drawn)
    assert found == rates(drawn)
    assert found["equivalent"] < ALPHA + CHANCE
    assert found["different"] < ALPHA + CHANCE
    assert found["different"] > 0


def test_coarse_accuracies_make_no_false_certainty() -> None:
    """Of 1,000 test samples accuracies are multiples of 0.001: two differences are often the same by luck."""
    drawn = np.random.default_rng(1).normal(MARGIN, 0.0003, (DRAWS, 2)).round(3)
    blind, aware = decisions(drawn), decisions(drawn, resolution=0.001)
    assert blind["equivalent"] > 0.5  # the planted fault: a spread of 0, taken at its word
    assert aware["equivalent"] < ALPHA + CHANCE
    assert aware["different"] < ALPHA + CHANCE


# --- Nothing to go by ------------------------------------------------------------------------------------------------


def summary(found: Equivalence) -> tuple[str, float, float]:
    return found.decision, found.low, found.high


def test_no_spread_at_all() -> None:
    assert summary(paired_equivalence([0.001] * 3, MARGIN)) == ("equivalent", 0.001, 0.001)
    assert summary(paired_equivalence([-MARGIN] * 2, MARGIN)) == ("equivalent", -MARGIN, -MARGIN)
    assert summary(paired_equivalence([0.004] * 4, MARGIN)) == ("different", 0.004, 0.004)
    found = paired_equivalence([0.0] * 2, MARGIN)
    assert (found.p_above, found.p_below, found.standard_error) == (0, 0, 0)
    assert paired_equivalence([0.004] * 2, MARGIN).p_below == 1


def test_identical_arms_are_equivalent_also_on_a_grid() -> None:
    found = paired_equivalence([0.0] * 2, MARGIN, resolution=0.001)
    assert found.decision == "equivalent"
    assert found.high == pytest.approx(stats.t.ppf(0.95, 1) * 0.001 / math.sqrt(24), rel=1e-12)
    # Ten samples can't show a difference of 0.3 points, however often they agree.
    assert paired_equivalence([0.0] * 2, MARGIN, resolution=0.1).decision == "undecided"


@pytest.mark.parametrize("differences", [[], [0.0], [0.5], [0.0, math.nan], [math.inf, 0.0], [math.nan]])
def test_nothing_is_decided(differences: list[float]) -> None:
    with np.errstate(invalid="ignore"):
        found = paired_equivalence(differences, MARGIN, resolution=0.001)
    assert summary(found) == ("undecided", -math.inf, math.inf)
    assert math.isnan(found.p_above)
    assert math.isnan(found.p_below)
    assert (found.pairs, found.pairs_advised) == (len(differences), None)


def test_undecided_runs_say_how_many_would_decide() -> None:
    found = paired_equivalence([0.004, -0.004, 0.001], MARGIN)
    assert found.decision == "undecided"
    assert found.pairs_advised == pairs_needed(found.mean, found.standard_deviation, MARGIN)
    assert 3 < (found.pairs_advised or 0) < MOST_PAIRS
    assert paired_equivalence([0.5, -0.5], MARGIN).pairs_advised is None
    assert paired_equivalence(SOME, 1.0).pairs_advised is None  # they decide
