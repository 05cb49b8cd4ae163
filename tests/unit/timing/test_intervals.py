"""Intervals over processes: their coverage by simulation, and what they do with little to go by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.timing.intervals import Interval, median_interval, ratio_interval, ratio_interval_apart
from harness.timing.slowdown import evidence

TIMES = {0: 1.0, 1: 1.1, 2: 0.9, 3: 1.3, 4: 1.05, 5: 0.98}
BASE = {0: 0.5, 1: 0.52, 2: 0.47, 3: 0.6, 4: 0.49, 5: 0.51}


def test_the_median_and_its_interval() -> None:
    found = median_interval(TIMES)
    assert found.estimate == np.median(list(TIMES.values()))
    assert 0.9 <= found.low < found.estimate < found.high <= 1.3
    assert found.processes == len(TIMES)
    assert found.relative_half_width == (found.high - found.low) / 2 / found.estimate


def test_the_same_seed_gives_the_same_interval() -> None:
    assert ratio_interval(TIMES, BASE, seed=3) == ratio_interval(TIMES, BASE, seed=3)


def test_a_ratio_is_formed_within_each_round() -> None:
    """Rounds that are slow for both arms say nothing about their ratio."""
    slow = {0: 1.0, 1: 7.0, 2: 2.0, 3: 30.0, 4: 1.5}
    found = ratio_interval({number: 2 * time for number, time in slow.items()}, slow)
    assert (found.estimate, found.low, found.high) == pytest.approx((2, 2, 2))


def test_the_ratio_of_the_other_two_is_the_reciprocal() -> None:
    one, other = ratio_interval(TIMES, BASE), ratio_interval(BASE, TIMES)
    assert (1 / other.estimate, 1 / other.high, 1 / other.low) == pytest.approx((one.estimate, one.low, one.high), 0.01)


def test_rounds_that_one_arm_did_not_come_through_are_left_out() -> None:
    some = {number: time for number, time in BASE.items() if number not in (2, 5)}
    assert ratio_interval(TIMES, some).processes == len(BASE) - 2
    assert ratio_interval(TIMES, some) == ratio_interval({n: TIMES[n] for n in some}, some)


def test_too_few_processes_have_no_interval() -> None:
    one = ratio_interval({0: 3.0}, {0: 2.0})
    assert one == Interval(pytest.approx(1.5), 0.0, math.inf, 1)
    assert one.relative_half_width == math.inf
    none = ratio_interval({0: 3.0}, {1: 2.0})
    assert math.isnan(none.estimate)
    assert (none.processes, none.relative_half_width) == (0, math.inf)
    assert median_interval({}).processes == 0


def test_an_interval_over_processes_holds_the_truth_as_often_as_stated() -> None:
    """300 benches of 8 processes each, with effects of the round that are far larger than those of the process."""
    random = np.random.default_rng(0)
    hits = 0
    for bench in range(300):
        host = np.exp(random.normal(0, 0.2, 8))
        times, base = (host * np.exp(random.normal(0, 0.03, 8)) for _ in range(2))
        found = ratio_interval(dict(enumerate(1.1 * times)), dict(enumerate(base)), seed=bench)
        hits += found.low <= 1.1 <= found.high
    assert hits / 300 > 0.95 - 4 * math.sqrt(0.95 * 0.05 / 300)


@pytest.mark.nightly
def test_steps_taken_as_independent_would_deceive() -> None:
    """The planted fault: with all steps of 5 processes pooled, two equal arms seem to differ in a third of all benches.

    Of processes the false alarms are as many as the interval's level lets expect.
    """
    random = np.random.default_rng(1)
    alarms = {"steps": 0, "processes": 0}
    for bench in range(100):
        medians = np.exp(random.normal(0, 0.03, (2, 5, 1)))
        steps = medians * np.exp(random.normal(0, 0.05, (2, 5, 40)))
        by_step = [dict(enumerate(arm.ravel())) for arm in steps]
        by_process = [dict(enumerate(np.median(arm, axis=1))) for arm in steps]
        for unit, (arm, base) in (("steps", by_step), ("processes", by_process)):
            found = ratio_interval(arm, base, seed=bench)
            alarms[unit] += not found.low <= 1 <= found.high
    assert alarms["steps"] > 30
    assert alarms["processes"] < 15


def test_the_ratio_of_arms_timed_apart_is_that_of_the_test() -> None:
    times, base = list(TIMES.values()), list(BASE.values())
    found = ratio_interval_apart(times, base)
    assert found.estimate == pytest.approx(evidence(times, base).ratio)
    assert found.low < found.estimate < found.high
    assert found == ratio_interval_apart(times, base)
    assert ratio_interval_apart([2.0], base).relative_half_width == math.inf
    assert math.isnan(ratio_interval_apart([], base).estimate)
