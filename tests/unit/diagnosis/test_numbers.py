"""Numbers of a spec as unknowns: which there are, what a person would have typed, and what they may have become."""

from __future__ import annotations

import math

import pytest

from harness.diagnosis.numbers import Number, candidates, digits_of, numbers_below, related_by
from harness.spec.optimizers import Adam
from harness.spec.schedules import Cosine, WarmupThen

MOMENTUM = Number("optimizer.momentum", 0.9, 0.0, 1.0)


def test_the_numbers_of_a_word_and_of_those_within_it() -> None:
    word = WarmupThen(warmup_steps=5, then=Cosine(initial_rate=0.1, decay_steps=20))
    found = {number.path: number for number in numbers_below("schedule", word, whole=True)}
    assert list(found) == [
        "schedule.warmup_steps",
        "schedule.start_rate",
        "schedule.then.initial_rate",
        "schedule.then.decay_steps",
        "schedule.then.floor_ratio",
    ]
    assert found["schedule.warmup_steps"].is_whole
    assert (found["schedule.then.floor_ratio"].low, found["schedule.then.floor_ratio"].high) == (0.0, 1.0)
    assert [n.field for n in numbers_below("optimizer", Adam(), whole=False)] == ["beta1", "beta2", "epsilon"]


@pytest.mark.parametrize(
    ("value", "digits"),
    [(0.9, 1), (0.999, 1), (0.95, 1), (0.875, 3), (1e-7, 1), (0.12157659, 8), (37.0, 2), (200.0, 1)],
)
def test_how_many_digits_a_person_types(value: float, digits: int) -> None:
    assert digits_of(value) == digits


@pytest.mark.parametrize(
    ("number", "estimate", "first"),
    [
        (MOMENTUM, 0.98999997, 0.99),
        (MOMENTUM, 0.9990002, 0.999),
        (MOMENTUM, 0.7500001, 0.75),
        (Number("optimizer.epsilon", 1e-7, 0.0), 1.00004e-3, 1e-3),
        (Number("schedule.decay_steps", 200, 1, is_whole=True), 36.9998, 37),
    ],
)
def test_an_estimate_is_what_a_person_would_have_typed(number: Number, estimate: float, first: float) -> None:
    found = [value for value, _ in candidates(number, estimate, {})]
    assert first in found
    assert all(math.isclose(value, estimate, rel_tol=0.051) for value in found)


def test_a_related_value_comes_first_and_with_its_relation() -> None:
    smoothing = Number("loss.label_smoothing", 0.1, 0.0, 1.0)
    related = related_by(smoothing, classes=10)
    value, relation = next(iter(candidates(smoothing, 0.11112, related)))
    assert (value, relation) == (0.1 * 10 / 9, "smoothing over K - 1 classes")
    length = Number("schedule.decay_steps", 200, 1, is_whole=True)
    assert next(candidates(length, 10, related_by(length, steps_of_epoch=20))) == (
        10,
        "epochs for steps: an epoch has 20",
    )
    assert related_by(MOMENTUM)["one minus the other"] == 0.1
    assert "one minus the other" not in related_by(Number("optimizer.epsilon", 0.5, 0.0))
