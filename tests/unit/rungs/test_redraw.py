"""The second drawing gives the plan's numbers, for every way of cutting an epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.data.inputs import Inputs
from harness.plan import draw_plan
from harness.rungs import redraw
from harness.spec import Experiment
from harness.spec.data import Mnist5k, Sales

Build = Callable[..., Experiment]
LAYERS = [
    "flatten",
    {"kind": "dense", "units": 5, "activation": "rrelu", "kernel_initializer": "he_normal"},
    {"kind": "dropout", "rate": 0.3},
    {"kind": "stochastic_depth", "rate": 0.4},
    {"kind": "dense", "units": 10, "kernel_initializer": "he_normal"},
]


@pytest.mark.parametrize(
    "training",
    [
        {"epochs": 3, "batch_size": 8},
        {"epochs": 3, "batch_size": 8, "last_batch": "drop"},
        {"epochs": 2, "batch_size": 8, "passes_per_epoch": 3},
        {"epochs": 3, "batch_size": 8, "max_steps": 7},
        {"epochs": 3, "batch_size": 8, "max_steps": 3, "last_batch": "drop"},
    ],
    ids=str,
)
def test_orders_and_noise(experiment_of: Build, training: dict[str, Any]) -> None:
    experiment = experiment_of(training=training, seed=11, model={"input": {"shape": [28, 28, 1]}, "layers": LAYERS})
    plan, noise = draw_plan(experiment, 21), experiment.model.noise()
    assert len(noise) == 3
    for epoch, order in enumerate(plan.orders):
        np.testing.assert_array_equal(redraw.order(experiment.training, 11, 21, epoch), order)
        drawn = plan.noise_of(epoch, noise)
        for number, spec in enumerate(noise):
            again = redraw.noise(spec, number, 11, epoch, len(order))
            np.testing.assert_array_equal(again, drawn[spec.name])
            np.testing.assert_array_equal(redraw.noise(spec, number, 11, epoch, 4), drawn[spec.name][:4])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("normalisation", ["none", "unit", "standardise"])
def test_inputs(normalisation: Any, precision: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), np.uint8)
    spec = Mnist5k(normalisation=normalisation)
    again = redraw.inputs(spec, pixels, pixels[:3], np.dtype(precision))
    eps = np.finfo(precision).eps * (normalisation == "standardise")
    np.testing.assert_allclose(again, Inputs(spec, pixels, precision)(pixels[:3]), rtol=0, atol=4 * eps)
    assert again.dtype == precision


def test_inputs_that_are_no_pixels() -> None:
    values = np.array([[0.5, 0.25]])
    np.testing.assert_array_equal(redraw.inputs(Sales(), values, values, np.dtype("float32")), values)
