"""Whether times have changed: what is found, how often noise is taken for it, and what a few slow rounds do."""

from __future__ import annotations

import numpy as np
import pytest

from harness.timing.drift import change, change_within, typical_difference
from harness.timing.slowdown import FLOOR


def noise(count: int, spread: float, seed: int = 0) -> list[float]:
    return [float(time_s) for time_s in np.exp(np.random.default_rng(seed).normal(0.0, spread, count))]


def test_a_drift_is_found_in_either_direction() -> None:
    times_s = [*noise(5, 0.01), *(1.1 * time_s for time_s in noise(5, 0.01, 1))]
    assert change_within(times_s) == pytest.approx(1.1, rel=0.02)
    assert change_within(times_s[::-1]) == pytest.approx(1 / 1.1, rel=0.02)


def test_what_is_below_the_floor_is_no_change() -> None:
    earlier = [1.0, 1.0001, 1.0002, 1.0003, 1.0004]
    assert change([(1 + FLOOR / 2) * time_s for time_s in earlier], earlier) == 1.0
    assert change([(1 + 2 * FLOOR) * time_s for time_s in earlier], earlier) == pytest.approx(1 + 2 * FLOOR, abs=1e-3)


def test_few_times_show_no_drift() -> None:
    assert change_within([1.0, 1.01, 1.02, 1.03, 2.0, 2.01, 2.02, 2.03]) == 1.0  # p is 1 / 70
    assert change_within([1.0, 1.01, 1.02, 1.03, 2.0, 2.01, 2.02, 2.03, 2.04]) > 1.9
    assert change_within([]) == change_within([1.0]) == 1.0


@pytest.mark.parametrize("rounds", [6, 24])
def test_noise_is_rarely_a_change_however_many_rounds(rounds: int) -> None:
    """At 3 % the slowest of 24 rounds is often 10 % above the fastest."""
    cases = [noise(rounds, 0.03, seed) for seed in range(30)]
    assert sum(change_within(case) != 1 for case in cases) <= 2
    assert max(map(typical_difference, cases)) < 0.1
    if rounds == 24:
        assert np.mean([max(case) / min(case) > 1.1 for case in cases]) > 0.5


def test_the_typical_difference_is_that_of_the_spread() -> None:
    for rounds in (5, 100):
        found = np.median([typical_difference(noise(rounds, 0.03, seed)) for seed in range(200)])
        assert found == pytest.approx(0.954 * 0.03, rel=0.12)
    assert typical_difference([1.0]) == typical_difference([]) == 0.0
    assert typical_difference([1.0, 1.2]) == pytest.approx(0.2)


def test_a_few_slow_rounds_are_not_typical() -> None:
    assert typical_difference([1.0, 1.0, 3.0, 1.0, 1.0]) == 0.0
    assert typical_difference([1.0, 2.0, 3.0, 1.0, 2.0]) > 0.1
