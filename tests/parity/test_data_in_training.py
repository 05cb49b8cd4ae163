"""What both frameworks train on is what the reference trains on: images moved anew each epoch, and values."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from residents import Resident

from harness.data import load
from harness.judging.context import Context
from harness.judging.tolerances import strict
from harness.plan import draw_plan
from harness.rungs.trajectory import free_run
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.worker.sharing import share
from harness.worker.tasks import TASKS

COMMON: dict[str, Any] = {
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
    "schedule": {"kind": "constant", "rate": 0.01},
    "arms": [
        {"name": "mindspore", "adapter": "mindspore", "mode": "jit", "precision": "float64"},
        {"name": "tensorflow", "adapter": "tensorflow", "mode": "graph", "precision": "float64"},
    ],
}
HIDDEN = {"kind": "dense", "units": 5, "activation": "tanh", "kernel_initializer": "xavier_uniform"}
VALUE = {"kind": "dense", "units": 1, "kernel_initializer": "xavier_uniform"}
EXPERIMENTS: dict[str, dict[str, Any]] = {
    "augmented": {
        "data": {
            "kind": "mnist5k",
            "test_size": 4800,
            "normalisation": "standardise",
            "augmentation": {"shift": 2, "rotate": 15, "flip": True},
        },
        "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", HIDDEN, {**VALUE, "units": 10}]},
        "loss": "softmax_cross_entropy",
        "training": {"epochs": 3, "batch_size": 30},
    },
    "sales": {
        "data": "sales",
        "model": {"input": {"shape": [2]}, "layers": [VALUE]},
        "loss": "mean_squared_error",
        "training": {"epochs": 4, "batch_size": 32},
    },
    "polynomial": {
        "data": "polynomial",
        "model": {"input": {"shape": [1]}, "layers": [HIDDEN, HIDDEN, VALUE]},
        "loss": "mean_squared_error",
        "training": {"epochs": 3, "batch_size": 8},
    },
}
ARMS = tuple(arm["name"] for arm in COMMON["arms"])


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Context]:
    found = {}
    for name, own in EXPERIMENTS.items():
        experiment = Experiment.model_validate({"name": name, **COMMON, **own})
        data, scratch = load(experiment.data), tmp_path_factory.mktemp(name)
        found[name] = Context(experiment, draw_plan(experiment, len(data.x_train)), data, scratch)
        share(scratch, experiment, found[name].plan, data)
    return found


@pytest.fixture(scope="module")
def epochs(
    start: Callable[[list[Arm], Path], dict[str, Resident]], contexts: dict[str, Context]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By arm and experiment, what the training told of each epoch."""
    first = next(iter(contexts.values()))
    workers = start(list(first.experiment.arms), first.scratch)

    def train(resident: Resident) -> dict[str, list[dict[str, Any]]]:
        told = {}
        for name, context in contexts.items():
            resident.turn_to(context.scratch)
            events = list(resident.stream(TASKS["train"], folder=str(resident.folder)))
            told[name] = [event for event in events if event["event"] == "epoch"]
        return told

    with ThreadPoolExecutor(len(workers)) as pool:
        return dict(zip(workers, pool.map(train, workers.values()), strict=True))


def losses(told: list[dict[str, Any]]) -> Any:
    return np.array([loss for event in told for loss in event["losses"]])


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("arm", ARMS)
def test_losses_are_the_references(epochs: dict[str, Any], contexts: dict[str, Context], arm: str, name: str) -> None:
    context = contexts[name]
    wanted = free_run(context, context.oracle, context.plan.steps)
    found = losses(epochs[arm][name])
    assert found.shape == wanted.shape
    assert np.all(np.abs(found - wanted) <= strict(wanted).bound)


def test_images_that_stay_as_in_the_first_epoch_would_be_found_out(contexts: dict[str, Context]) -> None:
    context = contexts["augmented"]
    stale = replace(context.plan, augmentation=context.plan.augmentation[:1] * 3)
    wanted = free_run(context, context.oracle, context.plan.steps)
    found = free_run(replace(context, plan=stale), context.oracle, context.plan.steps)
    apart = np.abs(found - wanted) > strict(wanted).bound
    assert np.flatnonzero(apart).tolist() == list(range(7, 21))  # of 7 steps an epoch


@pytest.mark.parametrize("arm", ARMS)
def test_values_have_no_accuracy_and_labels_have_one(epochs: dict[str, Any], arm: str) -> None:
    by_name = {name: {event["test_accuracy"] for event in told} for name, told in epochs[arm].items()}
    assert by_name["sales"] == by_name["polynomial"] == {None}
    assert None not in by_name["augmented"]
    assert {event["samples_scored"] for event in epochs[arm]["polynomial"]} == {200}
