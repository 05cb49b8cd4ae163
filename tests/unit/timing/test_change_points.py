"""Change points: what is there is found, and what is not is as rare as the rule says."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from harness.timing import change_points
from harness.timing.change_points import MIN_SIZE, Change, confirmed

NOISE = 0.03  # of a step's time


def series(rng: np.random.Generator, count: int, steps: dict[int, float] | None = None) -> np.ndarray:
    """Times with a noise of 3 %; `steps`: from which value on the level is multiplied by what."""
    values = 0.01 * np.exp(rng.normal(0, NOISE, count))
    for place, factor in (steps or {}).items():
        values[place:] *= factor
    return values


def test_a_step_of_ten_percent_is_found_where_it_is() -> None:
    rng = np.random.default_rng(1)
    trials, found, near = 60, 0, 0
    for _ in range(trials):
        changes = confirmed({"a": series(rng, 40, {25: 1.1})})["a"]
        found += bool(changes)
        near += len(changes) == 1 and abs(changes[0].place - 25) <= 2
    # The power is at least 90 %: a test with that power fails to find so many in one of 10,000 cases.
    assert found >= binom.ppf(1e-4, trials, 0.9)
    assert near >= binom.ppf(1e-4, trials, 0.85)


@pytest.mark.parametrize("trials", [250, pytest.param(3000, marks=pytest.mark.nightly)])
def test_noise_has_no_change(trials: int) -> None:
    rng, alpha = np.random.default_rng(2), 0.05
    alarms = 0
    for number in range(trials):
        count = (12, 30, 60)[number % 3]
        heavy = rng.standard_t(2, count) if number % 2 else rng.normal(size=count)  # with and without outliers
        alarms += bool(confirmed({"a": heavy}, alpha=alpha, seed=number)["a"])
    assert alarms <= binom.ppf(1 - 1e-4, trials, alpha)


def test_noise_of_many_series_has_no_change_together() -> None:
    rng, alpha, trials = np.random.default_rng(3), 0.05, 40
    alarms = 0
    for number in range(trials):
        many = {key: series(rng, 20) for key in range(8)}
        alarms += any(confirmed(many, alpha=alpha, seed=number).values())
    assert alarms <= binom.ppf(1 - 1e-4, trials, alpha)


def test_a_change_that_is_undone_is_two_changes() -> None:
    values = series(np.random.default_rng(4), 60, {20: 1.1, 40: 1 / 1.1})
    first, second = confirmed({"a": values})["a"]
    assert abs(first.place - 20) <= 2
    assert abs(second.place - 40) <= 2
    assert first.ratio == pytest.approx(1.1, abs=0.03)
    assert second.ratio == pytest.approx(1 / 1.1, abs=0.03)


def test_the_level_is_a_median_and_one_outlier_is_no_change() -> None:
    values = series(np.random.default_rng(5), 30)
    values[12] *= 50
    assert confirmed({"a": values})["a"] == []
    changed = np.r_[values, 1.2 * series(np.random.default_rng(6), 30)]
    (change,) = confirmed({"a": changed})["a"]
    assert change.before == pytest.approx(float(np.median(changed[: change.place])))


def test_times_rates_and_logarithms_have_the_same_changes() -> None:
    values = series(np.random.default_rng(7), 50, {30: 1.15})
    places = {
        key: [change.place for change in changes]
        for key, changes in confirmed({"time": values, "rate": 1 / values, "log": np.log(values)}).items()
    }
    assert places["time"] == places["rate"] == places["log"] != []


def test_a_long_series_is_refined_to_the_value() -> None:
    values = series(np.random.default_rng(8), 3000, {1777: 1.1})
    (change,) = confirmed({"a": values})["a"]
    assert abs(change.place - 1777) <= 3


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 9, [1.0] * 40, [1.0, 2.0] * 20])
def test_what_is_short_or_does_not_change_has_none(values: list[float]) -> None:
    assert confirmed({"a": values}) == {"a": []}


def test_the_statistic_is_the_formula() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(size=14)
    ranks = change_points._standard_ranks(values)
    count = len(ranks)

    def gain(start: int, stop: int) -> float:
        inside, m = ranks[start:stop], stop - start
        rest = np.r_[ranks[:start], ranks[stop:]]
        return abs(inside.mean() - rest.mean()) * math.sqrt(m * (count - m) / count)

    stretches = [(i, j) for i, j in combinations(range(count + 1), 2) if MIN_SIZE <= j - i <= count - MIN_SIZE]
    assert change_points._largest_of_stretches(ranks) == pytest.approx(max(gain(i, j) for i, j in stretches))
    cuts = range(MIN_SIZE, count - MIN_SIZE + 1)
    assert change_points._largest_of_cuts(ranks) == pytest.approx(max(gain(0, k) for k in cuts))


def test_so_many_series_that_the_usual_resamples_would_never_reject() -> None:
    rng = np.random.default_rng(10)
    many = {key: series(rng, 12) for key in range(29)}
    found = confirmed({**many, "changed": series(rng, 30, {15: 1.5})})
    assert [key for key, changes in found.items() if changes] == ["changed"]


def test_the_ratio_of_a_level_of_zero_is_no_number() -> None:
    assert math.isnan(Change(3, 0.0, 1.0, 0.001).ratio)


def test_proposals_are_those_of_ruptures() -> None:
    import ruptures

    rng = np.random.default_rng(11)
    proposed = 0
    for number in range(60):
        count = int(rng.integers(10, 200))
        values = series(rng, count, {count // 3: 1 + 0.04 * (number % 4), count // 2: 1.1})
        ranks = change_points._standard_ranks(values)
        search = ruptures.KernelCPD(kernel="linear", min_size=MIN_SIZE).fit(ranks.reshape(-1, 1))
        expected = search.predict(pen=change_points.PENALTY * math.log(count))[:-1]
        assert change_points._proposed(values) == expected
        proposed += len(expected)
    assert proposed > 60


def test_p_values_and_ranks_are_those_of_scipy() -> None:
    from scipy.stats import permutation_test, rankdata

    values = np.random.default_rng(12).normal(size=20).round(1)  # with ties
    values[12:] += 0.8
    expected_ranks = rankdata(values)
    ranks = change_points._standard_ranks(values)
    assert ranks == pytest.approx((expected_ranks - expected_ranks.mean()) / expected_ranks.std())
    p = change_points._p_value(values, change_points._largest_of_cuts, 9999, 0)
    tested = permutation_test(
        (ranks,),
        lambda x, axis: change_points._largest_of_cuts(np.moveaxis(x, axis, -1)),
        permutation_type="pairings",
        vectorized=True,
        alternative="greater",
        n_resamples=9999,
        rng=np.random.default_rng(1),
    )
    assert 0.001 < p < 0.5
    assert p == pytest.approx(tested.pvalue, abs=5 * math.sqrt(2 * p / 9999))
