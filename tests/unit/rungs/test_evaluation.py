"""What is said of an arm's scores and predictions, computed again from its final weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adapters
from harness.data import Dataset, load
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.rungs import evaluation
from harness.rungs.rung import Trainings
from harness.spec import Arm, Experiment
from harness.system.array_files import Arrays
from harness.worker.predicting import predictions

Build = Callable[..., Experiment]
DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
NORMALISED = [
    {"kind": "conv2d", "filters": 2, "kernel_size": [3, 3], "kernel_initializer": "he_normal"},
    {"kind": "batch_norm", "momentum": 0.7},
    {"kind": "dropout", "rate": 0.5},
    "flatten",
    DENSE,
]


def context_of(experiment: Experiment, data: Dataset) -> Context:
    return Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())


def ended(context: Context, precision: Any, weights: Arrays) -> tuple[Trace, Arrays]:
    """What an arm of the reference records that ends with these weights: its trace, and its predictions."""
    arm = Arm(name="arm", adapter="reference", mode="numpy", precision=precision)
    trainer = adapters.load(arm).trainer(context.experiment.recipe, weights, 1)
    x, y = context.test_set(precision)
    score = trainer.evaluate(x, y)
    last = EpochRecord(
        epoch=0,
        losses=(1.0,),
        epoch_time_s=1.0,
        samples=10,
        test_loss=score.loss,
        test_accuracy=score.accuracy,
        samples_scored=score.samples,
        peak_rss_bytes=1,
    )
    predicted = predictions(trainer, x) if context.experiment.data.classes is not None else {}
    return Trace(arm=arm, finished=True, epochs=(last,)), predicted


@pytest.fixture
def context(experiment_of: Build, noise: Dataset) -> Context:
    return context_of(experiment_of(), noise)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": {"kind": "softmax_cross_entropy", "reduction": "sum"}},
        {"loss": {"kind": "softmax_cross_entropy", "class_weights": [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]}},
        {"model": {"input": {"shape": [28, 28, 1]}, "layers": NORMALISED}},
        {"regularizer": {"kind": "l2", "l2": 0.1}},
    ],
    ids=["plain", "sum", "class weights", "normalised", "penalty"],
)
def test_a_right_arm_agrees(experiment_of: Build, noise: Dataset, changes: Any, precision: str) -> None:
    context = context_of(experiment_of(**changes), noise)
    trace, predicted = ended(context, precision, context.plan.weights)
    (verdict,) = evaluation.judge_arm(context, trace, context.plan.weights, predicted)
    assert (verdict.status, verdict.subject) == ("agrees", "test set, 20 samples, from the final weights")
    assert verdict.detects is not None
    assert verdict.detects < 1e-3


@pytest.mark.parametrize(("factor", "is_asked"), [(1.0, False), (1 + 1e-4, True)], ids=["right", "wrong"])
def test_the_ledger_is_asked_where_an_excuse_is_needed(
    context: Context, factor: float, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    widened = evaluation._widened
    monkeypatch.setattr(evaluation, "_widened", lambda *given: asked.append(given) or widened(*given))
    trace, predicted = ended(context, "float32", context.plan.weights)
    last = trace.epochs[-1].model_copy(update={"test_loss": factor * trace.epochs[-1].test_loss})
    evaluation.judge_arm(context, trace.model_copy(update={"epochs": (last,)}), context.plan.weights, predicted)
    assert bool(asked) == is_asked


def test_values_have_neither_accuracy_nor_predictions(experiment_of: Build) -> None:
    model = {"input": {"shape": [1]}, "layers": [{**DENSE, "units": 1}]}
    experiment = experiment_of(data="polynomial", model=model, loss="mean_squared_error")
    context = context_of(experiment, load(experiment.data))
    trace, predicted = ended(context, "float32", context.plan.weights)
    (verdict,) = evaluation.judge_arm(context, trace, context.plan.weights, predicted)
    assert verdict.status == "agrees"
    wrong = trace.epochs[-1].model_copy(update={"test_loss": trace.epochs[-1].test_loss * (1 + 1e-4)})
    (verdict,) = evaluation.judge_arm(
        context, trace.model_copy(update={"epochs": (wrong,)}), context.plan.weights, predicted
    )
    assert (verdict.status, verdict.tensor, verdict.culprit) == ("diverges", "test_loss", "arm")


def test_a_tie_is_nobodys_mistake(context: Context) -> None:
    """All outputs are equal: each class is as right as any other, and any accuracy."""
    weights = {name: 0 * value for name, value in context.plan.weights.items()}
    trace, predicted = ended(context, "float32", weights)
    others = {**predicted, "label": (predicted["label"] + 3) % 10}
    last = trace.epochs[-1].model_copy(update={"test_accuracy": 0.9})
    (verdict,) = evaluation.judge_arm(context, trace.model_copy(update={"epochs": (last,)}), weights, others)
    assert verdict.status == "agrees"


@pytest.mark.parametrize("size", [1e20, np.inf, np.nan])
def test_where_float32_overflows_only_the_count_is_judged(context: Context, size: float) -> None:
    weights = {name: np.float32(size) * np.ones_like(value) for name, value in context.plan.weights.items()}
    with np.errstate(all="ignore"):
        trace, predicted = ended(context, "float32", weights)
        (verdict,) = evaluation.judge_arm(context, trace, weights, predicted)
        assert verdict.status == "agrees"
        short = trace.epochs[-1].model_copy(update={"samples_scored": 19})
        (verdict,) = evaluation.judge_arm(context, trace.model_copy(update={"epochs": (short,)}), weights, predicted)
    assert (verdict.status, verdict.tensor) == ("diverges", "samples_scored")


def test_an_overflow_that_saturates_is_nobodys_mistake(experiment_of: Build, noise: Dataset) -> None:
    """A framework may compute softsign of infinity as infinity / infinity; the reference has its limit, 1."""
    layers = ["flatten", {**DENSE, "activation": "softsign"}, DENSE]
    context = context_of(experiment_of(model={"input": {"shape": [28, 28, 1]}, "layers": layers}), noise)
    weights = {
        name: np.full_like(value, 1e38) if name == "dense_1/kernel" else value
        for name, value in context.plan.weights.items()
    }
    with np.errstate(all="ignore"):
        trace, _ = ended(context, "float32", weights)
        assert np.isfinite(trace.epochs[-1].test_loss or np.nan)
        none = {"label": np.full(20, -1), "margin": np.full(20, np.nan)}
        last = trace.epochs[-1].model_copy(update={"test_loss": 0.0, "test_accuracy": 0.0})
        (verdict,) = evaluation.judge_arm(context, trace.model_copy(update={"epochs": (last,)}), weights, none)
        assert verdict.status == "agrees"
        # With weights that do not overflow the same claims are wrong.
        (verdict,) = evaluation.judge_arm(
            context, trace.model_copy(update={"epochs": (last,)}), context.plan.weights, none
        )
        assert verdict.status == "diverges"


@pytest.mark.parametrize(
    ("label", "place"), [(True, "test sample 7, label"), (False, "test sample 7, margin")], ids=["label", "margin"]
)
def test_the_sample_is_named(context: Context, label: bool, place: str) -> None:
    trace, predicted = ended(context, "float32", context.plan.weights)
    name = "label" if label else "margin"
    changed = {**predicted, name: predicted[name].copy()}
    changed[name][7] = (predicted[name][7] + 1) % 10
    (verdict,) = evaluation.judge_arm(context, trace, context.plan.weights, changed)
    assert (verdict.status, verdict.worst_index, verdict.culprit) == ("diverges", place, "arm")


def test_what_was_not_recorded_is_unverified(context: Context) -> None:
    trace, predicted = ended(context, "float32", context.plan.weights)
    weights = {"arm": context.plan.weights}

    def causes(trace: Trace, weights: Any, predicted: Any) -> list[tuple[str, str]]:
        verdicts = evaluation.judge_trainings(Trainings(context, [trace], weights, predicted))
        return [(verdict.status, verdict.cause) for verdict in verdicts]

    assert causes(trace, {}, {"arm": predicted}) == [("unverified", "arm has not recorded its final weights")]
    assert causes(trace.model_copy(update={"epochs": ()}), weights, {"arm": predicted}) == [
        ("unverified", "arm has not recorded an epoch")
    ]
    assert causes(trace, weights, {})[0] == ("unverified", "arm has not recorded its predictions")
    assert causes(trace.model_copy(update={"finished": False}), weights, {"arm": predicted}) == []


def test_another_test_set(context: Context, noise: Dataset) -> None:
    trace, predicted = ended(context, "float32", context.plan.weights)
    other = replace(context, data=replace(noise, x_test=noise.x_test[:, :, ::-1]), made={})
    (verdict,) = evaluation.judge_arm(other, trace, context.plan.weights, predicted)
    assert (verdict.status, verdict.culprit) == ("diverges", "arm")
