"""What cannot be is said with its file and row, though no digest is wrong; a training that may be so is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_traces import failure

from harness.plan import Plan, draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.results.plausible import RULES, RULES_OF_RUNS, examined, examined_by_data
from harness.results.recorded import EPOCHS, PLAN, STEPS, TRACE, VERDICTS, ReadingFailure, RecordedArm, RecordedRun
from harness.spec import Experiment
from harness.system.array_files import PREDICTIONS, WEIGHTS

Build = Callable[..., Experiment]
TRAINED = {"training": {"epochs": 3, "batch_size": 10}, "comparison": {"free_steps": 2}}
TRAINED["training"] |= {"digests": True, "gradient_norms": True}
WATCHED = (
    "gradient_norm/dense_1",
    *(f"digest/{k}_projection/dense_1/{p}" for k in ("gradient", "weight") for p in "kb"),
)
TRUTH = np.arange(20, dtype=np.int32) % 10
PLACE = "arms/one/"


@pytest.fixture(scope="module")
def experiment(experiment_of: Build) -> Experiment:
    return experiment_of(**TRAINED)


@pytest.fixture(scope="module")
def plan(experiment: Experiment) -> Plan:
    return draw_plan(experiment, 40)


def scored(number: int) -> EpochRecord:
    """16 of 20 right."""
    counts = {"samples": 40, "samples_scored": 20, "peak_rss_bytes": 1 << 20}
    values = {"losses": (0.5, 0.25, 0.125, 0.125), "test_loss": 0.7, "test_accuracy": 0.8, "epoch_time_s": 0.5}
    return EpochRecord(epoch=number, **counts, **values)


@pytest.fixture
def whole(experiment: Experiment, plan: Plan) -> RecordedRun:
    digests = dict.fromkeys(("plan_digest", "initial_weights_digest", "final_weights_digest"), "0" * 64)
    times = {"import_time_s": 1.0, "compile_time_s": 0.0, "baseline_rss_bytes": 1 << 19}
    trace = Trace(
        arm=experiment.arms[0],
        finished=True,
        learning_rates=(0.01,) * 12,
        epochs=tuple(scored(number) for number in range(3)),
        **digests,
        **times,
    )
    labels = np.where(np.arange(20) < 16, TRUTH, (TRUTH + 1) % 10).astype(np.int32)
    arm = RecordedArm(
        trace,
        {name.replace("/k", "/kernel").replace("/b", "/bias"): np.ones(12) for name in WATCHED},
        {name: value.astype(np.float32) for name, value in plan.weights.items()},
        {"label": labels, "margin": np.linspace(1, 2, 20)},
        train_losses=np.full(3, 0.25),
        beside={"status": "complete", "summary": trace.summary()},
        place=PLACE,
    )
    numbers = {"seed": 3, "batch_size": 10, "parameters": 7850, "multiply_adds": 7840, "epochs": 3, "steps": 12}
    said = {**numbers, "digest": "1" * 64, "data_digest": "2" * 64}
    return RecordedRun(Path("run"), experiment, said, pd.DataFrame({"status": ["agrees"]}), {"one": arm})


def problems(run: RecordedRun, plan: Plan) -> list[ReadingFailure]:
    """All that is said of the run and its arm, with the data too."""
    found = examined(run)
    assert run.experiment is not None
    data: Any = SimpleNamespace(x_test=np.zeros(20), y_test=TRUTH)
    arm = found.arms["one"]
    bare = replace(arm, failures=())
    by_data = examined_by_data(bare, run.experiment, plan, data).failures
    return [*found.failures, *arm.failures, *by_data]


def test_what_may_be_is_left_alone(whole: RecordedRun, plan: Plan) -> None:
    assert problems(whole, plan) == []


def with_arm(run: RecordedRun, **fields: Any) -> RecordedRun:
    return replace(run, arms={"one": replace(run.arms["one"], **fields)})


def with_trace(run: RecordedRun, **fields: Any) -> RecordedRun:
    """The trace with other fields, and a summary that says the same."""
    arm = run.arms["one"]
    trace = arm.trace.model_copy(update=fields)
    means = np.asarray([sum(each.losses) / len(each.losses) for each in trace.epochs])
    timed = all(each.epoch_time_s for each in trace.epochs)
    summary = {k: None if v != v else v for k, v in trace.summary().items()} if timed else {}  # JSON has no NaN
    return with_arm(run, trace=trace, train_losses=means, beside={"status": trace.status, "summary": summary})


def with_epoch(run: RecordedRun, number: int = 1, **fields: Any) -> RecordedRun:
    epochs = list(run.arms["one"].trace.epochs)
    epochs[number] = epochs[number].model_copy(update=fields)
    return with_trace(run, epochs=tuple(epochs))


def with_losses(run: RecordedRun, *losses: float) -> RecordedRun:
    return with_epoch(run, losses=losses)


def with_rates(run: RecordedRun, last: float) -> RecordedRun:
    return with_trace(run, learning_rates=(*run.arms["one"].trace.learning_rates[:-1], last))


def with_column(run: RecordedRun, name: str, last: float) -> RecordedRun:
    columns = run.arms["one"].columns
    return with_arm(run, columns={**columns, name: np.append(np.ones(11), last)})


def with_weight(run: RecordedRun, change: Callable[[Any], Any]) -> RecordedRun:
    weights = run.arms["one"].weights
    return with_arm(run, weights={**weights, "dense_1/bias": change(weights["dense_1/bias"])})


def with_predicted(run: RecordedRun, **changed: Callable[[Any], Any]) -> RecordedRun:
    said = run.arms["one"].predictions
    return with_arm(run, predictions={name: changed.get(name, lambda same: same)(said[name]) for name in said})


def first(changed: Any) -> Callable[[Any], Any]:
    return lambda values: np.append(np.asarray([changed], values.dtype), values[1:])


def with_plan(run: RecordedRun, **fields: Any) -> RecordedRun:
    return replace(run, plan={**run.plan, **fields})


def with_arm_of(run: RecordedRun, **fields: Any) -> RecordedRun:
    return with_trace(run, arm=run.arms["one"].trace.arm.model_copy(update=fields))


BROKEN: list[tuple[str, Callable[[RecordedRun], RecordedRun], str]] = [
    (STEPS, lambda run: with_rates(run, math.nan), "row 11: learning_rate is nan, which no schedule gives"),
    (STEPS, lambda run: with_losses(run, 1.0, math.inf, math.nan, 1.0), "row 5: loss is inf, and no judged step"),
    (STEPS, lambda run: with_losses(run, 1.0, 1.0, -1.0, -2.0), "row 6: loss is -1, below 0, which this loss cannot"),
    (STEPS, lambda run: with_losses(run, 1.0, 1.0), "epoch 1 has 2 steps, and 4 were planned"),
    (STEPS, lambda run: with_losses(run, 1.0, 1.0), "has 10 steps, and 12 were planned"),
    (
        STEPS,
        lambda run: with_column(run, "gradient_norm/dense_1", -1),
        "row 11: gradient_norm/dense_1 is -1, and a norm",
    ),
    (
        STEPS,
        lambda run: with_column(run, "gradient_norm/dense_1", math.nan),
        "gradient_norm/dense_1 is nan, and no judged",
    ),
    (STEPS, lambda run: with_column(run, "other", 1), "has a column other, which nobody was to record"),
    (STEPS, lambda run: with_arm(run, columns={}), "has no column gradient_norm/dense_1"),
    (
        EPOCHS,
        lambda run: with_epoch(run, test_loss=math.inf),
        "row 1: test_loss is inf, and no judged step explains it",
    ),
    (EPOCHS, lambda run: with_epoch(run, test_loss=-1.0), "row 1: test_loss is -1, below 0"),
    (EPOCHS, lambda run: with_epoch(run, test_accuracy=5.0), "row 1: test_accuracy is 5, which is not from 0 to 1"),
    (EPOCHS, lambda run: with_epoch(run, test_accuracy=-0.05), "test_accuracy is -0.05, which is not from 0 to 1"),
    (EPOCHS, lambda run: with_epoch(run, test_accuracy=None), "test_accuracy is nan, which is not from 0 to 1"),
    (EPOCHS, lambda run: with_epoch(run, test_accuracy=0.81), "test_accuracy is 0.81, which is no whole number"),
    (EPOCHS, lambda run: with_epoch(run, samples_scored=40), "samples_scored is 40, and every epoch scores the whole"),
    (EPOCHS, lambda run: with_epoch(run, samples_scored=10), "samples_scored is 10, and the test set has 20"),
    (EPOCHS, lambda run: with_epoch(run, samples=41), "samples is 41, which is not what that epoch's steps are of"),
    (EPOCHS, lambda run: with_epoch(run, samples=39), "samples is 39, which is not what that epoch's steps are of"),
    (EPOCHS, lambda run: with_arm(run, train_losses=np.ones(3)), "row 0: train_loss is 1, which is not the mean"),
    (EPOCHS, lambda run: with_epoch(run, epoch_time_s=0.0), "epoch_time_s is 0, and the arm's time limit is 3600 s"),
    (EPOCHS, lambda run: with_epoch(run, epoch_time_s=1e9), "epoch_time_s is 1e+09, and the arm's time limit"),
    (EPOCHS, lambda run: with_epoch(run, peak_rss_bytes=-1), "peak_rss_bytes is -1, which no process takes"),
    (EPOCHS, lambda run: with_trace(run, epochs=run.arms["one"].trace.epochs[:2]), "has 2 epochs, and 3 were planned"),
    (EPOCHS, lambda run: with_trace(run, epochs=()), "has 0 epochs, and 3 were planned"),
    (EPOCHS, lambda run: with_trace(run, epochs=run.arms["one"].trace.epochs * 2), "has 6 epochs, and 3 were planned"),
    (
        TRACE,
        lambda run: with_arm_of(run, adapter="mindspore"),
        "of another arm than that of the experiment: adapter is",
    ),
    (TRACE, lambda run: with_arm_of(run, timeout_s=1.0), "timeout_s is 1.0, and 3600.0 in experiment.json"),
    (TRACE, lambda run: with_arm_of(run, name="other"), "name is 'other', and 'one' in experiment.json"),
    (TRACE, lambda run: with_arm(run, place="arms/thin/"), "is of an arm 'thin', which experiment.json has not"),
    (
        TRACE,
        lambda run: with_trace(run, failure=failure("crashed")),
        "both that the training finished and that the arm",
    ),
    (TRACE, lambda run: with_trace(run, finished=False), "neither that the training finished nor that the arm failed"),
    (
        TRACE,
        lambda run: with_trace(run, initial_weights_digest=""),
        "initial_weights_digest is '', which is no SHA-256",
    ),
    (TRACE, lambda run: with_trace(run, compile_time_s=math.nan), "compile_time_s is nan, which cannot be"),
    (TRACE, lambda run: with_trace(run, import_time_s=None), "has no import_time_s, and the training finished"),
    (TRACE, lambda run: with_arm(run, beside={"status": "crashed"}), "status is 'crashed', and 'complete' by what was"),
    (TRACE, lambda run: with_arm(run, beside={"summary": {"steps": 7}}), "summary.steps is 7, and 12 by what was"),
    (
        WEIGHTS,
        lambda run: with_weight(run, lambda v: v[:5]),
        "dense_1/bias is (5,) of float32, and (10,) of float32 in",
    ),
    (WEIGHTS, lambda run: with_weight(run, lambda v: v.astype(np.float64)), "dense_1/bias is (10,) of float64, and"),
    (WEIGHTS, lambda run: with_weight(run, first(math.nan)), "dense_1/bias is not finite everywhere, and no judged"),
    (PREDICTIONS, lambda run: with_arm(run, predictions={}), "is missing or empty, and the training came to its end"),
    (
        PREDICTIONS,
        lambda run: with_predicted(run, label=lambda v: v[:10]),
        "has labels (10,) and margins (20,), and 20",
    ),
    (PREDICTIONS, lambda run: with_predicted(run, label=first(10)), "row 0: label is 10, and there are 10 classes"),
    (PREDICTIONS, lambda run: with_predicted(run, label=first(-2)), "row 0: label is -2, and there are 10 classes"),
    (PREDICTIONS, lambda run: with_predicted(run, label=first(-1)), "row 0: label is -1, none, and the test loss is"),
    (
        PREDICTIONS,
        lambda run: with_predicted(run, margin=first(-1)),
        "row 0: margin is -1, and a lead is never below 0",
    ),
    (PREDICTIONS, lambda run: with_predicted(run, margin=first(math.nan)), "row 0: margin is nan, and a lead"),
    (PREDICTIONS, lambda run: with_predicted(run, label=lambda v: v * 1.0), "has labels of float64 and margins of"),
    (
        PREDICTIONS,
        lambda run: with_predicted(run, label=first(7)),
        "has 15 right labels of 20, and test_accuracy says 16",
    ),
    (PLAN, lambda run: with_plan(run, parameters=1), "parameters is 1, and 7850 in the experiment"),
    (PLAN, lambda run: with_plan(run, seed=True), "seed is True, and 3 in the experiment"),
    (PLAN, lambda run: with_plan(run, epochs=4), "epochs is 4, and 3 were to be planned"),
    (PLAN, lambda run: with_plan(run, steps=None), "steps is None, and some were to be planned"),
    (PLAN, lambda run: with_plan(run, digest="1"), "digest is '1', which is no SHA-256"),
    (
        VERDICTS,
        lambda run: replace(run, verdicts=pd.DataFrame({"status": ["agrees", "fine"]})),
        "row 1: status is 'fine'",
    ),
]


@pytest.mark.parametrize(("file", "change", "told"), BROKEN, ids=[told for _, _, told in BROKEN])
def test_what_cannot_be_is_named(
    whole: RecordedRun, plan: Plan, file: str, change: Callable[[RecordedRun], RecordedRun], told: str
) -> None:
    found = problems(change(whole), plan)
    files = {each.file for each in found if told in each.message}
    assert {each.rpartition("/")[2] for each in files} == {file}, found


def test_every_rule_is_broken_above() -> None:
    assert {rule.file for rule in RULES} | {file for file, _ in RULES_OF_RUNS} == {file for file, _, _ in BROKEN}


def test_a_training_that_came_to_nan_in_its_judged_steps_may_stay_so(whole: RecordedRun, plan: Plan) -> None:
    lost = [
        scored(number).model_copy(update={"losses": (math.nan,) * 4, "test_loss": math.nan, "test_accuracy": 0.1})
        for number in range(3)
    ]
    run = with_trace(whole, epochs=tuple(lost))
    run = with_weight(with_column(run, "gradient_norm/dense_1", math.nan), first(math.nan))
    run = with_predicted(run, label=lambda v: np.full_like(v, -1), margin=lambda v: np.full_like(v, math.nan))
    assert problems(run, plan) == []


def test_what_is_damaged_is_not_examined(whole: RecordedRun, plan: Plan) -> None:
    """One damage is not told twice, nor blamed on another file."""
    damaged = (ReadingFailure(PLACE + EPOCHS, "is cut off"),)
    run = with_arm(with_epoch(whole, test_accuracy=5.0), failures=damaged)
    assert examined(run).arms["one"].failures == damaged
    without = replace(whole, failures=(ReadingFailure("experiment.json", "is cut off"),))
    assert examined(with_plan(without, seed=9)) == with_plan(without, seed=9)
