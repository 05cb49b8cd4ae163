"""A plan fits the experiment that it was drawn for, and no other; what does not fit is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.plan import draw_plan
from harness.plan.fitting import misfits

SAMPLES = 40


def dense(units: int) -> dict[str, Any]:
    return {"kind": "dense", "units": units, "kernel_initializer": "xavier_uniform"}


def model(*layers: Any) -> dict[str, Any]:
    return {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", *layers]}


MODEL = model({"kind": "dropout", "rate": 0.5}, dense(10))
SHIFTED = {"kind": "mnist5k", "augmentation": {"shift": 2}}


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"model": MODEL},
        {"data": SHIFTED},
        {"training": {"epochs": 3, "batch_size": 7, "last_batch": "drop"}},
        {"training": {"epochs": 3, "batch_size": 7, "max_steps": 8}},
        {"training": {"epochs": 2, "batch_size": 7, "passes_per_epoch": 3, "max_steps": 20}},
        {"training": {"epochs": 2, "batch_size": 7, "max_steps": 1000}},
    ],
)
def test_what_was_drawn_fits(experiment_of: Any, stated: dict[str, Any]) -> None:
    experiment = experiment_of(**stated)
    assert misfits(draw_plan(experiment, SAMPLES), experiment, SAMPLES) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"training": {"epochs": 4, "batch_size": 20}}, "its batches have 10 samples, the experiment's 20"),
        (
            {"training": {"epochs": 2, "batch_size": 10}},
            "its epochs have 40, 40, 40, 40 samples, the experiment's 40, 40",
        ),
        ({"model": MODEL}, "its noise of epoch 0 have no dropout"),
        ({"data": SHIFTED}, "its augmentation of epoch 0 have no shift"),
        (
            {"model": model(dense(5), dense(10))},
            "its weights have dense_1/kernel (784, 10), the experiment's dense_1/kernel (784, 5)",
        ),
    ],
)
def test_a_plan_of_another_experiment_is_named(experiment_of: Any, other: dict[str, Any], named: str) -> None:
    found = misfits(draw_plan(experiment_of(), SAMPLES), experiment_of(**other), SAMPLES)
    assert found[0].startswith(named)


def test_an_order_beyond_the_data_is_named(experiment_of: Any) -> None:
    experiment = experiment_of()
    plan = draw_plan(experiment, SAMPLES)
    orders = (np.where(plan.orders[0] == 0, SAMPLES, plan.orders[0]), *plan.orders[1:])
    assert misfits(replace(plan, orders=orders), experiment, SAMPLES) == [
        "the order of epoch 0 names samples that the data has not"
    ]


def test_moves_without_augmentation_are_named(experiment_of: Any) -> None:
    plan = draw_plan(experiment_of(data=SHIFTED), SAMPLES)
    assert misfits(plan, experiment_of(), SAMPLES) == ["it moves images, and the experiment has no augmentation"]
