"""What several unit tests are about: one small experiment, and made-up digits to run it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.data import Dataset
from harness.spec import Experiment

ARM = {"adapter": "reference", "mode": "numpy"}
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "data": "mnist5k",
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": ["flatten", {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}],
    },
    "loss": "softmax_cross_entropy",
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
    "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 10},
    "training": {"epochs": 4, "batch_size": 10},
    "arms": [{"name": "one", **ARM}, {"name": "other", **ARM}],
}


@pytest.fixture(scope="session")
def experiment_of() -> Callable[..., Experiment]:
    """The small experiment with some of its fields changed."""
    return lambda **changed: Experiment.model_validate({**SMALL, **changed})


@pytest.fixture(scope="session")
def noise() -> Dataset:
    """40 samples to train on and 20 to test on, of no digit in particular."""
    rng = np.random.default_rng(4)

    def part(count: int) -> tuple[Any, Any]:
        return rng.integers(0, 256, (count, 28, 28, 1), np.uint8), rng.integers(0, 10, count).astype(np.int32)

    (x_train, y_train), (x_test, y_test) = part(40), part(20)
    return Dataset(x_train, y_train, x_test, y_test, "noise")
