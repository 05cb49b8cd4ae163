"""What a native object computes in place of its word is found from what it gave: made here by the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adapters
from adapters.reference.losses import value_and_gradient
from adapters.reference.schedules import oracle
from harness.records.tensor_key import keyed
from harness.spec.arm import Arm
from harness.spec.changes import replaced
from harness.spec.clipping import NoClipping
from harness.spec.losses import Huber, KlDivergence, SoftmaxCrossEntropy
from harness.spec.optimizers import Adam, HeavyBall
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, Cosine, Exponential, PiecewiseConstant
from harness.spec.weight_decay import Coupled, NoWeightDecay
from harness.subjects.pair.own_numbers import of_loss, of_rates, of_update
from harness.subjects.pair.own_tasks import table

RNG = np.random.default_rng(0)
STEPS = np.arange(60)
COSINE = Cosine(initial_rate=0.1, decay_steps=60)
STAIRS = Exponential(initial_rate=0.1, decay_rate=0.9, decay_steps=20, staircase=True)


@pytest.mark.parametrize(
    ("word", "path", "value", "told"),
    [
        (COSINE, "decay_steps", 33, "schedule.decay_steps: 33, the word says 60"),
        (COSINE, "initial_rate", 0.03, "schedule.initial_rate: 0.03, the word says 0.1"),
        (COSINE, "floor_ratio", 0.2, "schedule.floor_ratio: 0.2, the word says 0"),
        (STAIRS, "decay_steps", 7, "schedule.decay_steps: 7, the word says 20"),
        (STAIRS, "decay_rate", 0.5, "schedule.decay_rate: 0.5, the word says 0.9"),
    ],
)
def test_the_number_of_a_schedule_is_named(word: Any, path: str, value: float, told: str) -> None:
    rates = oracle(replaced(word, path, value), STEPS).astype(np.float32)
    assert of_rates(word, STEPS, rates) == told


def test_rates_that_no_number_explains_are_not_named() -> None:
    assert of_rates(COSINE, STEPS, np.linspace(0.1, 0.05, 60)) == ""


GIVEN = {
    "outputs": RNG.normal(size=(2, 8, 5)).astype(np.float32),
    "targets": RNG.integers(0, 5, (2, 8)).astype(np.int32),
}
VALUES = {**GIVEN, "targets": RNG.normal(size=(2, 8, 5)).astype(np.float32)}
SHARES = {
    "outputs": np.exp(GIVEN["outputs"]) / np.exp(GIVEN["outputs"]).sum(-1, keepdims=True),
    "targets": GIVEN["targets"],
}


def observed(word: Any, given: Any) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for batch in range(2):
        value, gradient = value_and_gradient(word, given["outputs"][batch].astype(np.float64), given["targets"][batch])
        results |= {f"{batch}/loss": np.reshape(value, (1,)), f"{batch}/gradient": gradient}
    return results


@pytest.mark.parametrize(
    ("word", "given", "path", "value", "told"),
    [
        (SoftmaxCrossEntropy(), GIVEN, "reduction", "sum", "loss.reduction: sum, the word says mean"),
        (
            SoftmaxCrossEntropy(label_smoothing=0.1),
            GIVEN,
            "label_smoothing",
            0.125,
            "loss.label_smoothing: 0.125, the word says 0.1: smoothing over K - 1 classes",
        ),
        (Huber(), VALUES, "delta", 0.25, "loss.delta: 0.25, the word says 1"),
        (KlDivergence(), SHARES, "classes", "averaged", "loss.classes: averaged, the word says summed"),
    ],
)
def test_the_choice_or_number_of_a_loss_is_named(word: Any, given: Any, path: str, value: Any, told: str) -> None:
    assert of_loss(word, given, observed(replaced(word, path, value), given)) == told


def update(**words: Any) -> Update:
    usual = {"schedule": Constant(rate=0.01), "clipping": NoClipping(), "weight_decay": NoWeightDecay()}
    return Update(**{**usual, **words})


@pytest.mark.parametrize(
    ("stated", "part", "path", "value", "told"),
    [
        (update(optimizer=Adam()), "optimizer", "epsilon", 1e-3, "optimizer.epsilon: 0.001, the word says 1e-07"),
        (update(optimizer=Adam()), "optimizer", "beta1", 0.5, "optimizer.beta1: 0.5, the word says 0.9"),
        (
            update(optimizer=HeavyBall(momentum=0.9, form="rate_inside")),
            "optimizer",
            "momentum",
            0.95,
            "optimizer.momentum: 0.95, the word says 0.9",
        ),
        (update(optimizer=Adam()), "schedule", "rate", 0.004, "schedule.rate: 0.004, the word says 0.01"),
        (
            update(optimizer=Adam(), weight_decay=Coupled(factor=0.1)),
            "weight_decay",
            "factor",
            0.05,
            "weight_decay.factor: 0.05, the word says 0.1: by half",
        ),
    ],
)
def test_the_number_of_an_update_is_named(stated: Update, part: str, path: str, value: float, told: str) -> None:
    start = {"a/kernel": RNG.normal(size=(4, 3)), "a/bias": RNG.normal(size=3)}
    gradients = [{name: RNG.normal(0, 0.1, w.shape) for name, w in start.items()} for _ in range(12)]
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision="float64", realisation="exact")
    faulty = stated.model_copy(update={part: replaced(getattr(stated, part), path, value)})
    after: dict[str, Any] = {}
    for k, weights in enumerate(adapters.load(arm).optimizer(faulty, start, gradients)):
        after |= keyed("weight", weights, k)
    assert of_update(stated, start, gradients, after) == told


def test_a_table_holds_the_rates_as_they_are() -> None:
    rates = oracle(STAIRS, STEPS)
    made = table(rates)
    assert isinstance(made, PiecewiseConstant)
    assert made.boundaries == (20, 40)
    assert np.array_equal(oracle(made, STEPS), rates)
    assert table(np.full(5, 0.25)) == Constant(rate=0.25)
