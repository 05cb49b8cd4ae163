"""Momentum with a rate that changes: each framework gives both forms, and its own class gives one of the two.

The rate is 0.1 for three updates, 0.01 for three, 0.001 for two; every gradient is 1, so the velocity is a number that
can be worked out by hand: outside 1, 1.9, 2.71, 3.439; inside 0.1, 0.19, 0.271, then 0.9 * 0.271 + 0.01 = 0.2539.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raw_mindspore
import raw_tensorflow
import through_adapter

from harness.spec.arm import Arm
from harness.spec.optimizers import HeavyBall, Nesterov, Optimizer
from harness.spec.recipe import Update
from harness.spec.schedules import PiecewiseConstant

RATES = [0.1] * 3 + [0.01] * 3 + [0.001] * 2
FIRST_CHANGE = 3
SCHEDULE = PiecewiseConstant(boundaries=(3, 6), values=(0.1, 0.01, 0.001), boundary="exclusive")
MU = 0.9
WORDS: list[Optimizer] = [
    HeavyBall(momentum=MU, form="rate_outside"),
    HeavyBall(momentum=MU, form="rate_inside"),
    Nesterov(momentum=MU, form="rate_outside"),
    Nesterov(momentum=MU, form="rate_inside"),
]
ARMS = {
    "mindspore": [Arm(name=mode, adapter="mindspore", mode=mode) for mode in ("jit", "pynative")],
    "tensorflow": [Arm(name=mode, adapter="tensorflow", mode=mode) for mode in ("graph", "eager", "xla")],
}
MODES = [(framework, arm.name) for framework, arms in ARMS.items() for arm in arms]
# Each of the eight updates rounds the rate, the velocity's two operations, the step's one and the weight's one: eight
# times six half ULP of the largest number at hand, which is the velocity of nearly 6 times the rate, under 1.
TOLERANCE = 8 * 6 * 2.0**-24


def formula(word: Optimizer) -> Any:
    """The weight after each update, from the docstrings of the spec."""
    w = v = 0.0
    after = []
    for rate in RATES:
        match word:
            case HeavyBall(form="rate_outside"):
                v = MU * v + 1
                w -= rate * v
            case HeavyBall(form="rate_inside"):
                v = MU * v - rate
                w += v
            case Nesterov(form="rate_outside"):
                v = MU * v + 1
                w -= rate * (1 + MU * v)
            case Nesterov(form="rate_inside"):
                v = MU * v - rate
                w += MU * v - rate
        after.append(w)
    return np.array(after)


@pytest.fixture(scope="module")
def replayed(in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]) -> dict[str, Any]:
    """By framework: its weights after each update, by mode and number of the optimizer."""
    weight, unit = {"w": np.zeros(1)}, [{"w": np.ones(1)}] * len(RATES)
    updates = [Update(optimizer=word, schedule=SCHEDULE) for word in WORDS]
    return {
        framework: ask(through_adapter.replays, ARMS[framework], updates, weight, unit)
        for framework, ask in (("mindspore", in_mindspore), ("tensorflow", in_tensorflow))
    }


def test_the_formula_by_hand() -> None:
    np.testing.assert_allclose(formula(WORDS[0])[:4], [-0.1, -0.29, -0.561, -0.59539])
    np.testing.assert_allclose(formula(WORDS[1])[:4], [-0.1, -0.29, -0.561, -0.8149])


@pytest.mark.parametrize("number", range(len(WORDS)), ids=[word.name_in_tables for word in WORDS])
@pytest.mark.parametrize(("framework", "mode"), MODES)
def test_each_framework_gives_both_forms(replayed: dict[str, Any], framework: str, mode: str, number: int) -> None:
    after = replayed[framework][mode, number][:, 0]
    np.testing.assert_allclose(after, formula(WORDS[number]), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("nesterov", [False, True], ids=["momentum", "nesterov"])
def test_the_raw_classes_part_at_the_first_change(
    in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any], nesterov: bool
) -> None:
    mindspore = in_mindspore(raw_mindspore.momentum, RATES, MU, nesterov)
    keras = in_tensorflow(raw_tensorflow.momentum, RATES, MU, nesterov)
    outside, inside = WORDS[2:] if nesterov else WORDS[:2]
    np.testing.assert_allclose(mindspore, formula(outside), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(keras, formula(inside), rtol=0, atol=TOLERANCE)
    apart = np.abs(mindspore.astype(np.float64) - keras)
    assert np.all(apart[:FIRST_CHANGE] <= TOLERANCE)
    assert np.all(apart[FIRST_CHANGE:] > 0.1)
