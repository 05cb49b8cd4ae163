"""Tolerances of updated weights: what is typical of an update holds for a tensor that is right by luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.coefficients import rounding_of_bias_corrections
from harness.judging.tolerances import FACTOR
from harness.records.tensor_key import TensorKey
from harness.rungs.update_tolerances import of_updates
from harness.spec import optimizers as spec
from harness.spec.recipe import Update
from harness.spec.schedules import Constant

SIZES = {"one": 1, "few": 8, "many": 1000, "others": 1000}
MOVE, SHARE = 0.125, 1e-4


def update(optimizer: Any) -> Update:
    return Update(optimizer=optimizer, schedule=Constant(rate=0.1))


def after(errors: dict[str, float]) -> tuple[Any, Any, Any]:
    """The weights before an update that moves all of them by `MOVE`, after it, and in float32 with these errors."""
    inputs = {TensorKey("weight", name, 0): np.full(size, 0.5, np.float32) for name, size in SIZES.items()}
    expected = {TensorKey("weight", name, 1): np.full(size, 0.5 - MOVE) for name, size in SIZES.items()}
    rounded = {key: value + errors.get(key.of, MOVE * SHARE) for key, value in expected.items()}
    return inputs, expected, rounded


def test_a_lucky_tensor_has_the_tolerance_that_is_typical() -> None:
    bounds = of_updates(update(spec.Sgd()), *after({"one": 0.0}), np.float32)
    lucky, usual = (float(np.max(bounds[TensorKey("weight", name, 1)].bound)) for name in ("one", "many"))
    assert lucky == pytest.approx(usual, rel=0.01)
    assert usual == pytest.approx(FACTOR * MOVE * SHARE, rel=0.01)


def test_one_tensor_that_is_far_off_widens_no_other() -> None:
    bounds = of_updates(update(spec.Sgd()), *after({"many": MOVE}), np.float32)
    assert float(np.max(bounds[TensorKey("weight", "one", 1)].bound)) < 1.1 * FACTOR * MOVE * SHARE


@pytest.mark.parametrize("word", [spec.Adam(), spec.Adamax(), spec.Adamw(factor=0.01)])
def test_bias_corrections_are_a_unit_off_where_all_tensors_are_right_by_luck(word: Any) -> None:
    allowed = rounding_of_bias_corrections(update(word))
    bounds = of_updates(update(word), *after(dict.fromkeys(SIZES, 0.0)), np.float32)
    assert float(np.max(bounds[TensorKey("weight", "one", 1)].bound)) >= MOVE * allowed > 0


def test_the_rounding_of_bias_corrections_is_that_of_powers_made_step_by_step() -> None:
    word = spec.Adam(beta1=0.9010275700660849, beta2=0.999006160265268)
    power, found = np.float32(1), []
    for _ in range(20):
        power *= np.float32(word.beta2)
        found.append(float(np.sqrt(1 - power)))
    exact = np.sqrt(1 - word.beta2 ** np.arange(1, 21))
    error = np.max(np.abs(found / exact - 1))
    assert 1e-6 < error < rounding_of_bias_corrections(update(word))


@pytest.mark.parametrize("word", [spec.Sgd(), spec.Lion(), spec.Adamw(bias_correction=False, factor=0.01)])
def test_rules_that_correct_no_bias_have_no_such_rounding(word: Any) -> None:
    assert rounding_of_bias_corrections(update(word)) == 0
