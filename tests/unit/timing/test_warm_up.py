"""The end of a warm-up is found in constructed series, and said to be missing where there is no steady state."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.timing.warm_up import FEWEST, find_warm_up

Series = NDArray[np.float64]
BLOCKS = 100
SEEDS = 12
PLACES = np.arange(BLOCKS)


def noise(seed: int, spread: float = 0.03, count: int = BLOCKS) -> Series:
    """Step times of a steady process, some of them five times as long as the others."""
    random = np.random.default_rng(seed)
    times = np.exp(random.normal(0, spread, count))
    return np.where(random.random(count) < 0.03, 5 * times, times)


def share_settled(form: Series | float, spread: float = 0.03) -> float:
    return float(np.mean([find_warm_up(noise(seed, spread) * form).settled for seed in range(SEEDS)]))


def cuts(form: Series | float, spread: float = 0.03) -> list[int]:
    return [find_warm_up(noise(seed, spread) * form).steady_from for seed in range(SEEDS)]


@pytest.mark.parametrize("spread", [0.01, 0.03, 0.1, 0.3])
def test_noise_alone_has_no_warm_up(spread: float) -> None:
    assert share_settled(1.0, spread) == 1
    assert np.median(cuts(1.0, spread)) < BLOCKS / 20


def test_a_decay_is_cut_where_it_vanishes_in_the_noise() -> None:
    """It falls below a tenth after 15 blocks, and below the noise of 3 % after 21."""
    found = cuts(1 + 2 * np.exp(-PLACES / 5))
    assert np.quantile(found, 0.1) >= 13
    assert np.quantile(found, 0.9) <= 30


def test_a_shift_of_level_is_cut_where_it_is() -> None:
    found = np.array(cuts(np.where(PLACES < 25, 1.3, 1.0)))
    assert np.mean(np.abs(found - 25) <= 2) >= 0.9


def test_a_faster_start_is_a_warm_up_too() -> None:
    """As with a processor that lowers its frequency once it is hot."""
    found = np.array(cuts(np.where(PLACES < 20, 0.8, 1.0)))
    assert np.mean(np.abs(found - 20) <= 2) >= 0.9


def test_single_slow_steps_at_the_start_or_later_move_nothing() -> None:
    times = np.exp(np.random.default_rng(0).normal(0, 0.01, BLOCKS))
    clean = find_warm_up(times)
    for place in (1, 10, 40, 80):
        dirty = times.copy()
        dirty[place] = 50.0
        assert find_warm_up(dirty) == clean


@pytest.mark.parametrize(
    "form",
    [
        1 + 0.5 * PLACES / BLOCKS,  # slower all the time
        np.where(PLACES < 75, 1.0, 1.3),  # slower near the end
        1 + 2 * np.exp(-PLACES / 60),  # warms up for longer than was measured
    ],
)
def test_where_there_is_no_steady_state_that_is_said(form: Series) -> None:
    assert share_settled(form, 0.01) == 0
    found = find_warm_up(noise(0, 0.01) * form)
    assert found.steady_from == BLOCKS // 2
    assert "no steady state" in found.reason


def test_a_small_drift_is_no_reason_to_refuse() -> None:
    assert share_settled(1 + 0.02 * PLACES / BLOCKS) == 1


def test_a_decay_is_found_on_a_small_drift() -> None:
    found = cuts((1 + 2 * np.exp(-PLACES / 5)) * (1 + 0.02 * PLACES / BLOCKS))
    assert np.quantile(found, 0.1) >= 13
    assert np.quantile(found, 0.9) <= 35


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_too_short_a_series_says_so(count: int) -> None:
    found = find_warm_up(noise(0, count=count))
    assert (found.steady_from, found.settled) == (count // 2, False)
    assert str(FEWEST) in found.reason


def test_equal_values_are_steady() -> None:
    assert find_warm_up(np.ones(FEWEST)).steady_from == 0
    assert find_warm_up(np.zeros(FEWEST)).settled


def test_the_unit_plays_no_part() -> None:
    times = noise(4) * (1 + np.exp(-PLACES / 5))
    assert find_warm_up(times) == find_warm_up(1e-6 * times)


@pytest.mark.parametrize("wrong", [[1.0, np.nan], [[1.0]], [np.inf]])
def test_what_is_no_series_of_numbers_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        find_warm_up(wrong)  # type: ignore[arg-type]
