"""In float64 rounding cannot hide anything: a hundred free-running steps of both frameworks and the reference."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from residents import Resident

from harness.data import load
from harness.plan import draw_plan
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.worker.sharing import share
from harness.worker.tasks import TASKS

STEPS = 100
RELATIVE = 1e-10
ARMS = ("mindspore", "pynative", "tensorflow", "reference")
EXPERIMENT = Experiment.model_validate(
    {
        "name": "float64",
        "seed": 11,
        "data": "mnist5k",
        "model": {
            "input": {"shape": [28, 28, 1]},
            "layers": [
                "flatten",
                {"kind": "dense", "units": 24, "activation": "sigmoid", "kernel_initializer": "xavier_normal"},
                {"kind": "dense", "units": 16, "activation": "relu", "kernel_initializer": "he_normal"},
                {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
            ],
        },
        "loss": "softmax_cross_entropy",
        "optimizer": "adam",
        "schedule": {
            "kind": "warmup_then",
            "warmup_steps": 20,
            "then": {"kind": "cosine", "initial_rate": 0.01, "decay_steps": 70, "floor_ratio": 0.1},
        },
        # 45 does not divide 4,000: every epoch ends in a short batch, and 100 steps in the middle of the second.
        "training": {"epochs": 2, "batch_size": 45, "max_steps": STEPS},
        "arms": [
            {"name": "mindspore", "adapter": "mindspore", "mode": "jit", "precision": "float64"},
            {"name": "pynative", "adapter": "mindspore", "mode": "pynative", "precision": "float64"},
            {"name": "tensorflow", "adapter": "tensorflow", "mode": "graph", "precision": "float64"},
            {"name": "reference", "adapter": "reference", "mode": "numpy", "precision": "float64"},
        ],
    }
)


@pytest.fixture(scope="module")
def trained(
    start: Callable[[list[Arm], Path], dict[str, Resident]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """By arm, the events of its training."""
    scratch = tmp_path_factory.mktemp("float64")
    data = load(EXPERIMENT.data)
    share(scratch, EXPERIMENT, draw_plan(EXPERIMENT, len(data.x_train)), data)
    workers = start(list(EXPERIMENT.arms), scratch)
    with ThreadPoolExecutor(len(workers)) as pool:
        events = pool.map(lambda resident: list(resident.stream(TASKS["train"], folder=str(scratch))), workers.values())
        return dict(zip(workers, events, strict=True))


def losses(events: list[dict[str, Any]]) -> Any:
    return np.array([loss for event in events if event["event"] == "epoch" for loss in event["losses"]])


def test_there_are_a_hundred_losses_and_they_fall(trained: dict[str, Any]) -> None:
    assert set(trained) == set(ARMS)
    for events in trained.values():
        found = losses(events)
        assert found.shape == (STEPS,)
        assert np.all(np.isfinite(found))
        assert found[-10:].mean() < 0.5 * found[:10].mean()


@pytest.mark.parametrize(("a", "b"), list(combinations(ARMS, 2)))
def test_losses_are_equal(trained: dict[str, Any], a: str, b: str) -> None:
    first, second = losses(trained[a]), losses(trained[b])
    apart = np.abs(first - second) / np.abs(second)
    assert np.max(apart) <= RELATIVE, f"{a} and {b} are {np.max(apart):.3g} apart at step {np.argmax(apart)}"


@pytest.mark.parametrize("arm", ARMS[:-1])
def test_scores_on_the_test_set_are_equal(trained: dict[str, Any], arm: str) -> None:
    epochs, wanted = ([e for e in trained[name] if e["event"] == "epoch"] for name in (arm, "reference"))
    assert len(epochs) == len(wanted) == 2
    for found, right in zip(epochs, wanted, strict=True):
        assert found["samples_scored"] == 1000
        assert found["test_accuracy"] == right["test_accuracy"]
        assert found["test_loss"] == pytest.approx(right["test_loss"], rel=RELATIVE)


def test_the_losses_are_not_those_of_float32(trained: dict[str, Any]) -> None:
    """What the equality is worth: these are float64 numbers, not float32 ones in a wider type."""
    for events in trained.values():
        found = losses(events)
        assert np.mean(found.astype(np.float32) != found) > 0.9
