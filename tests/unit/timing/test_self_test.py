"""The rates of the gate's answers, on noise of a known law and on noise with a drift."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.timing import self_test
from harness.timing.self_test import decided, rates_apart, rates_in_turns, spread_of
from harness.timing.slowdown import ALPHA, SLOWDOWN, answers, evidence
from harness.timing.turns import evidence_in_turns

CALM, WORSE = (5, 10), (8, 16)


def noise(spread: float, count: int = 2000) -> list[float]:
    return list(0.01 * np.exp(np.random.default_rng(0).normal(0, spread, count)))


@pytest.mark.parametrize(("spread", "looks"), [(0.02, CALM), (0.03, WORSE)])
def test_false_alarms_and_power(spread: float, looks: tuple[int, int]) -> None:
    equal, slow = (rates_in_turns(noise(spread), slowdown, looks) for slowdown in (0.0, SLOWDOWN))
    assert equal.slower <= ALPHA
    assert equal.not_slower > 0.95
    assert slow.slower > 0.9
    assert slow.not_slower < 0.06
    assert rates_in_turns(noise(spread), 0.1, looks).slower > 0.99


def test_on_a_noisy_machine_the_answer_is_undecided() -> None:
    found = rates_in_turns(noise(0.1), SLOWDOWN, CALM)
    assert found.undecided > 0.7
    assert found.slower + found.not_slower + found.undecided == pytest.approx(1)


def test_a_floor_as_large_as_the_slowdown_would_miss_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "FLOOR", SLOWDOWN)
    assert 0.35 < rates_in_turns(noise(0.02), SLOWDOWN, (10, 10)).slower < 0.65


def test_four_processes_find_nothing() -> None:
    assert rates_in_turns(noise(0.001), 0.1, (4, 4)).slower == 0


def test_a_drift_between_invocations_is_an_alarm_and_within_one_it_is_not() -> None:
    """What the simulations of the test do not know, and why head and base are timed in turns."""
    drifting = np.asarray(noise(0.01, 200)) * np.linspace(1, 1.2, 200)
    assert rates_in_turns(list(drifting), 0.0, CALM).slower <= ALPHA
    assert rates_apart(list(drifting), 0.0, 10).slower > 0.3
    assert rates_apart(noise(0.01, 200), 0.0, 10).slower <= ALPHA


def test_what_slows_a_whole_round_decides_nothing() -> None:
    """Rounds differ by a third, the two sides of a round by 2 %."""
    random = np.random.default_rng(5)
    rounds = np.exp(random.normal(0, 0.3, (300, 1, 10)))
    sides = np.exp(random.normal(0, 0.02, (300, 2, 10)))
    head, base = np.swapaxes(np.log(rounds * sides), 0, 1)
    slower = head + math.log1p(0.1)
    assert np.mean(decided(head, base, 10, in_turns=True) == "slower") <= ALPHA
    assert np.mean(decided(slower, base, 10, in_turns=True) == "slower") > 0.99
    assert np.mean(decided(slower, base, 10) == "slower") < 0.1


@pytest.mark.parametrize(
    ("in_turns", "test"), [(False, evidence), (True, evidence_in_turns)], ids=["apart", "in turns"]
)
def test_the_answers_are_those_of_the_gate(in_turns: bool, test: Any) -> None:
    random = np.random.default_rng(2)
    head, base = random.normal(0.03, 0.03, (2, 20, 10))
    base -= np.where(np.arange(20) % 2, 0.06, 0.0)[:, np.newaxis]  # every second head is slower
    together = decided(head, base, 5, in_turns)
    for one_head, one_base, answer in zip(np.exp(head), np.exp(base), together, strict=True):
        (alone,) = answers([test(one_head[:5], one_base[:5])], is_last_look=False)
        if alone == "undecided":
            (alone,) = answers([test(one_head, one_base)])
        assert answer == alone
    assert {"slower", "not slower"} <= set(together)


def test_the_spread_is_that_of_the_noise_without_the_drift() -> None:
    times = np.asarray(noise(0.02))
    assert spread_of(list(times)) == pytest.approx(0.02, rel=0.1)
    assert spread_of(list(times * np.linspace(1, 2, len(times)))) == pytest.approx(0.02, rel=0.1)
    assert math.isnan(spread_of([1.0]))


def test_a_series_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="it takes 20"):
        rates_in_turns(noise(0.02, 19), 0.0, CALM)
