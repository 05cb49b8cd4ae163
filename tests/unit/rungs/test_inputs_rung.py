"""What rung `inputs` asks, and what it says of a set of samples and of the orders of a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Dataset, load
from harness.judging.context import Context
from harness.plan import digest_arrays, draw_plan
from harness.records.trace import Trace
from harness.rungs import inputs, plan_laws
from harness.rungs.rung import Trainings
from harness.spec import Arm, Experiment
from harness.spec.data import Mnist5k

Build = Callable[..., Experiment]
ARM = Arm(name="arm", adapter="reference", mode="numpy")


def context_of(experiment: Experiment, data: Dataset) -> Context:
    return Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())


@pytest.mark.parametrize(
    ("training", "batches"),
    [
        ({"epochs": 3, "batch_size": 4}, [(0, 0), (0, 2), (1, 0), (1, 1), (2, 2)]),
        ({"epochs": 1, "batch_size": 5}, [(0, 0), (0, 1)]),
        ({"epochs": 1, "batch_size": 10}, [(0, 0)]),
        ({"epochs": 9, "batch_size": 4, "max_steps": 4}, [(0, 0), (0, 2), (1, 0)]),
    ],
    ids=str,
)
def test_the_batches_that_are_asked_for(experiment_of: Build, noise: Dataset, training: Any, batches: Any) -> None:
    few = replace(noise, x_train=noise.x_train[:10], y_train=noise.y_train[:10])
    context = context_of(experiment_of(training=training), few)
    asked = inputs.asked_batches(context)
    assert asked == batches
    size = context.plan.batch_size
    assert all(row * size < len(context.plan.orders[epoch]) for epoch, row in asked)


def test_a_large_test_set_is_asked_for_in_part(experiment_of: Build, noise: Dataset) -> None:
    shape = (5000, *noise.x_test.shape[1:])
    large = replace(noise, x_test=np.broadcast_to(noise.x_test[:1], shape), y_test=np.zeros(5000, np.int32))
    asked = inputs.asked_test_samples(context_of(experiment_of(), large))
    assert len(asked) == inputs.MOST_TEST_SAMPLES
    assert (asked[0], asked[-1]) == (0, 4999)


def test_the_orders_of_a_training(experiment_of: Build, noise: Dataset) -> None:
    context = context_of(experiment_of(training={"epochs": 3, "batch_size": 4}), noise)
    digests = tuple(digest_arrays({"order": order}) for order in context.plan.orders)

    def judged(*recorded: str) -> Any:
        trace = Trace(arm=ARM, finished=True, order_digests=recorded)
        return inputs.judge_trainings(Trainings(context, [trace], {}, {}))

    (right,) = judged(*digests)
    assert (right.status, right.culprit) == ("agrees", "")
    for wrong, epoch in ((digests[:2], 2), ((digests[0],) * 3, 1), ((*digests, digests[0]), 3)):
        (verdict,) = judged(*wrong)
        assert (verdict.status, verdict.culprit) == ("diverges", "arm")
        assert verdict.cause == f"arm trained in another order, first in epoch {epoch}"
    assert judged() is None


def test_real_sets_agree_and_an_image_in_both_is_told(experiment_of: Build) -> None:
    spec = Mnist5k(test_size=100)
    data = load(spec)
    (verdict,) = plan_laws.sets_verdicts(context_of(experiment_of(data=spec), data), spec)
    assert (verdict.status, verdict.cause) == ("agrees", "")
    assert plan_laws._overlap(data.x_test[:9], data.x_test[3:5]) == "2 test images are training images too: 0, 1"


def test_a_file_that_is_gone_is_unverified(experiment_of: Build, noise: Dataset, monkeypatch: Any) -> None:
    def gone(spec: Any) -> Any:
        raise OSError("no such file")

    monkeypatch.setattr(plan_laws, "_file", gone)
    (verdict,) = plan_laws.sets_verdicts(context_of(experiment_of(), noise), Mnist5k())
    assert (verdict.status, verdict.cause) == ("unverified", "the file cannot be read again: no such file")
