"""An arm's own spec: words changed by their dotted paths, and the mistakes one can make in that."""

from __future__ import annotations

from typing import Any

import pytest
from composing import experiment

from harness.composition import UserMistake
from harness.composition.preflight import prepare
from harness.spec.changes import NoSuchPathError, Replacement, changed
from harness.spec.recipe import Update
from harness.spec.schedules import Constant

MOMENTUM = experiment("optimizer=momentum", "optimizer.form=rate_inside", "model=cnn")


def test_a_value_and_a_word_are_replaced_and_all_else_stays() -> None:
    changes = {"optimizer.form": "rate_outside", "schedule": {"kind": "constant", "rate": 0.5}}
    made = changed(MOMENTUM, changes)
    assert made.optimizer.form == "rate_outside"  # type: ignore[union-attr]
    assert made.schedule == Constant(rate=0.5)
    assert made.model_copy(update={"optimizer": MOMENTUM.optimizer, "schedule": MOMENTUM.schedule}) == MOMENTUM
    assert changed(MOMENTUM, {}) is MOMENTUM


@pytest.mark.parametrize(
    ("path", "given", "one_of"),
    [
        ("optimiser.form", "optimiser", "optimizer"),
        ("optimizer.from", "from", "form"),
        ("model.layers.99.units", "99", "0"),
        ("training.epochs", "training", "model"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, given: str, one_of: str) -> None:
    with pytest.raises(NoSuchPathError) as error:
        changed(MOMENTUM, {path: 1})
    assert error.value.given == given
    assert one_of in error.value.known


def test_parameters_must_stay_for_the_plan_to_fit() -> None:
    dense = next(i for i, layer in enumerate(MOMENTUM.model.layers) if layer.word() == "dense")
    with pytest.raises(ValueError, match="parameters must stay"):
        changed(MOMENTUM, {f"model.layers.{dense}.units": 11})


def test_what_the_words_of_a_question_become() -> None:
    given = changed(MOMENTUM, {"optimizer.form": "rate_outside", "model.layers.0.activation": "softplus"})
    become = Replacement(MOMENTUM, given).of
    assert become(MOMENTUM.optimizer) == given.optimizer
    asked = Update(optimizer=MOMENTUM.optimizer, schedule=Constant(rate=0.01))
    assert become(asked) == Update(optimizer=given.optimizer, schedule=Constant(rate=0.01))
    first, *others = MOMENTUM.model.placed_layers()
    assert become(first) == given.model.placed_layers()[0] != first
    assert [become(each) for each in others] == others
    assert Replacement(MOMENTUM, MOMENTUM).of(asked) == asked


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{optimizer.from: rate_outside}", "did you mean form"),
        ("{optimiser.form: rate_outside}", "did you mean optimizer"),
        ("{optimizer.form: sideways}", "'sideways'"),
        ("{schedule.rate: [1]}", "schedule"),
    ],
)
def test_mistakes_in_an_arms_spec_are_told_with_the_arms_name(spec: str, said: str, tmp_path: Any) -> None:
    arms = f"arms=[{{use: mindspore, spec: {spec}}}, tensorflow]"
    with pytest.raises(UserMistake) as mistake:
        prepare([arms, "optimizer=momentum", f"out={tmp_path / 'run'}"], [])
    (text,) = mistake.value.mistakes
    assert text.startswith("arm mindspore: spec: ")
    assert said in text
