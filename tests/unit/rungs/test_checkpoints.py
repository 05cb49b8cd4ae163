"""After which epochs the state is kept, and how the reference goes on from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adapters
from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records.cost import CostPlan, Extent, Rates
from harness.records.tensor_key import keyed, of_kind
from harness.records.trace import EpochRecord, Trace
from harness.rungs import checkpoints
from harness.spec import Arm, Experiment
from harness.spec.base import Word
from harness.spec.vocabulary import specimens
from harness.system.array_files import Arrays

Build = Callable[..., Experiment]
ARM = Arm(name="arm", adapter="reference", mode="numpy", precision="float32", realisation="native")


def context_of(experiment: Experiment, data: Dataset) -> Context:
    return Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())


def trained(context: Context) -> tuple[Trace, Arrays]:
    """The losses of a training by the reference, and its state after every epoch but the last."""
    trainer = adapters.load(ARM).trainer(context.experiment.recipe, context.plan.weights, context.plan.steps)
    size, records, states = context.plan.batch_size, list[EpochRecord](), dict[str, Any]()
    batches = context.batches(context.plan.steps)
    for epoch, order in enumerate(context.plan.orders):
        of_epoch = [batch for batch in batches if batch.epoch == epoch]
        losses = [float(context.updated(trainer, batch, "float32").losses[0]) for batch in of_epoch]
        assert len(losses) == -(-len(order) // size)
        records.append(EpochRecord.model_construct(epoch=epoch, losses=tuple(losses)))
        if epoch + 1 < len(context.plan.orders):
            states |= keyed("weight", trainer.weights(), epoch) | keyed("slot", trainer.slots(), epoch)
    return Trace.model_construct(arm=ARM, epochs=tuple(records), failure=None), states


def test_a_plan_of_cost_may_leave_fewer(experiment_of: Build, noise: Dataset) -> None:
    context = context_of(experiment_of(training={"epochs": 15, "batch_size": 4}), noise)
    extent = Extent(checkpoints=3, free_steps=5, self_steps=2, forced_steps=3, forced_samples=4)
    rates = Rates(reference_float64=1.0, reference_float32=1.0, arms={}, compilations={})
    plan = CostPlan(budget_s=1, rates=rates, stated=extent, asked=extent, stated_s={}, asked_s={})
    for left, epochs in ((3, [0, 7, 13]), (1, [13]), (0, [])):
        asked = extent.model_copy(update={"checkpoints": left})
        by_plan = replace(context, cost=plan.model_copy(update={"asked": asked}))
        assert checkpoints.checkpointed_epochs(by_plan) == epochs


@pytest.mark.parametrize(
    ("training", "epochs"),
    [
        ({"epochs": 1, "batch_size": 4}, []),
        ({"epochs": 2, "batch_size": 4}, [0]),
        ({"epochs": 3, "batch_size": 4}, [0, 1]),
        ({"epochs": 15, "batch_size": 4}, [0, 7, 13]),
    ],
    ids=str,
)
def test_the_epochs(experiment_of: Build, noise: Dataset, training: Any, epochs: list[int]) -> None:
    assert checkpoints.checkpointed_epochs(context_of(experiment_of(training=training), noise)) == epochs


def test_fewer_where_they_are_large(experiment_of: Build, noise: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(experiment_of(training={"epochs": 9, "batch_size": 4}), noise)
    spec = context.experiment
    itemsize = max(np.dtype(arm.precision).itemsize for arm in spec.arms)
    size = spec.model.parameter_count * itemsize * (1 + len(spec.optimizer.slot_names))
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 2 * size)
    assert checkpoints.checkpointed_epochs(context) == [0, 7]
    monkeypatch.setattr(checkpoints, "MOST_BYTES", size - 1)
    assert checkpoints.checkpointed_epochs(context) == []


@pytest.mark.parametrize("optimizer", specimens("optimizer"), ids=lambda word: word.name_in_tables)
def test_the_reference_goes_on_from_its_own_state(experiment_of: Build, noise: Dataset, optimizer: Word) -> None:
    # Small steps: where a softmax saturates, an optimizer of signs takes whole steps that depend on rounding.
    schedule = {"kind": "exponential", "initial_rate": 0.0001, "decay_rate": 0.9, "decay_steps": 1}
    training = {"epochs": 3, "batch_size": 4}
    context = context_of(experiment_of(optimizer=optimizer, schedule=schedule, training=training), noise)
    trace, states = trained(context)
    (verdict,) = checkpoints.judge_arm(context, trace, states)
    assert (verdict.status, verdict.subject) == ("agrees", "train_loss after the checkpoints of epochs 0, 1")

    last = trace.epochs[-1]
    late = last.model_copy(update={"losses": (last.losses[0], last.losses[1] * 1.001, *last.losses[2:])})
    (verdict,) = checkpoints.judge_arm(context, trace.model_copy(update={"epochs": (*trace.epochs[:-1], late)}), states)
    assert (verdict.status, verdict.culprit, verdict.worst_index) == ("diverges", "arm", "epoch 2, step 1 of it")


def test_without_all_slots_only_the_next_loss_is_judged(experiment_of: Build, noise: Dataset) -> None:
    context = context_of(experiment_of(optimizer="adam", training={"epochs": 2, "batch_size": 4}), noise)
    trace, states = trained(context)
    name = next(iter(of_kind(states, "slot", 0)))
    fewer = {key: value for key, value in states.items() if not key.endswith(name)}
    second = trace.epochs[1].losses[1]
    wrong_second = trace.epochs[1].model_copy(update={"losses": (trace.epochs[1].losses[0], second * 2)})
    changed = trace.model_copy(update={"epochs": (trace.epochs[0], wrong_second)})
    (verdict,) = checkpoints.judge_arm(context, changed, fewer)
    assert verdict.status == "agrees"
    (verdict,) = checkpoints.judge_arm(context, changed, states)
    assert verdict.status == "diverges"


def test_nothing_is_said_without_checkpoints(experiment_of: Build, noise: Dataset) -> None:
    context = replace(context_of(experiment_of(), noise))
    assert checkpoints.judge_arm(context, Trace(arm=ARM), {}) == []
    assert np.size(checkpoints.kept_epochs({})) == 0


def test_where_a_saturating_function_hides_an_overflow_no_loss_is_judged(experiment_of: Build, noise: Dataset) -> None:
    dense = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
    model = {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", {**dense, "activation": "softsign"}, dense]}
    context = context_of(experiment_of(model=model, training={"epochs": 2, "batch_size": 10}), noise)
    trace, states = trained(context)
    last = trace.epochs[1]
    wrong = last.model_copy(update={"losses": (0.0, *last.losses[1:])})
    trace = trace.model_copy(update={"epochs": (trace.epochs[0], wrong)})
    with np.errstate(all="ignore"):
        (verdict,) = checkpoints.judge_arm(context, trace, states)
        assert verdict.status == "diverges"
        huge = {**states, "weight 0/dense_1/kernel": np.full_like(states["weight 0/dense_1/kernel"], 1e38)}
        assert checkpoints.judge_arm(context, trace, huge) == []
