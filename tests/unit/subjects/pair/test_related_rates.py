"""Schedules that no word describes: how one follows from the other is read off their rates."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.reference.schedules import oracle
from harness.spec.schedules import Cosine, Exponential, Schedule
from harness.subjects.pair.related_rates import related

STEPS = np.arange(40)


def cosine(length: int, rate: float = 0.1) -> Cosine:
    return Cosine(initial_rate=rate, decay_steps=length)


def stairs(length: int) -> Exponential:
    return Exponential(initial_rate=0.1, decay_rate=0.5, decay_steps=length, staircase=True)


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (cosine(40), cosine(20), "step t of b has the rate of step 2 t of a: epochs for steps?"),
        (cosine(10), cosine(40), "step t of a has the rate of step 4 t of b: epochs for steps?"),
        (stairs(2), stairs(8), "step t of b has the rate of step t / 4 of a: epochs for steps?"),
        (cosine(40), cosine(40, 0.3), "the rate of b is 3 times that of a"),
        (cosine(40, 0.3), cosine(40), "the rate of a is 3 times that of b"),
        (cosine(40), stairs(3), ""),
        (cosine(40), cosine(37), ""),
    ],
)
def test_how_rates_are_related(a: Schedule, b: Schedule, told: str) -> None:
    assert related(oracle(a, STEPS), oracle(b, STEPS), "a", "b") == told


def test_a_schedule_that_comes_a_step_late_is_told() -> None:
    rates = oracle(cosine(40), STEPS)
    assert related(rates, np.append(rates[:1], rates[:-1]), "a", "b") == "b comes a step later than a"
    assert related(np.append(rates[:1], rates[:-1]), rates, "a", "b") == "a comes a step later than b"


def test_constant_rates_tell_nothing_but_a_factor() -> None:
    assert related(np.full(40, 0.1), np.full(40, 0.2), "a", "b") == "the rate of b is 2 times that of a"
