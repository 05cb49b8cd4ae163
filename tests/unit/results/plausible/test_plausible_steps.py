"""What cannot be of the table of steps, rule by rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from left_records import Build, left

from harness.results.plausible import steps

BY_NORM = {"kind": "by_norm", "bound": 1.0}


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        ((0.1, 0.1), []),
        ((), []),
        ((0.1, math.inf, math.nan), ["row 1: learning_rate is inf, which no schedule gives; so are 1 more rows"]),
    ],
)
def test_rates(experiment_of: Build, rates: tuple[float, ...], told: list[str]) -> None:
    assert list(steps.rates_are_finite(left(experiment_of(), trace={"learning_rates": rates}))) == told


def test_what_follows_a_divergence_may_be_anything(experiment_of: Build) -> None:
    experiment = experiment_of(comparison={"free_steps": 1})
    assert list(steps.losses_are_explained(left(experiment, ((math.nan, math.inf), (math.nan, 1.0))))) == []
    (told,) = steps.losses_are_explained(left(experiment, ((1.0, math.inf), (math.nan, 1.0))))
    assert told == "row 1: loss is inf, and no judged step explains it; so are 1 more rows"


@pytest.mark.parametrize(
    ("loss", "value", "is_told"),
    [
        ("softmax_cross_entropy", -0.1, True),
        ("softmax_cross_entropy", -1e-4, False),  # a 0 that was rounded
        ("cosine_similarity", -0.1, False),
    ],
)
def test_a_loss_that_cannot_be_negative(experiment_of: Build, loss: str, value: float, is_told: bool) -> None:
    told = list(steps.losses_are_in_range(left(experiment_of(loss=loss), ((1.0, value),))))
    assert told == ([f"row 1: loss is {value:g}, below 0, which this loss cannot be"] if is_told else [])


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        (((1.0, 1.0), (1.0, 1.0)), []),
        (((1.0, 1.0), (1.0,)), []),  # cut by max_steps
        (((1.0,), (1.0, 1.0)), ["epoch 1 has 2 steps, and 1 were planned"]),
        (((1.0, 1.0), (1.0,), (1.0, 1.0)), ["epoch 1 has 1 steps, and 2 were planned"]),
        ((), []),
    ],
)
def test_epochs_of_one_length(experiment_of: Build, losses: Any, told: list[str]) -> None:
    assert list(steps.steps_of_each_epoch(left(experiment_of(), losses))) == told


@pytest.mark.parametrize(
    ("planned", "finished", "is_told"),
    [(4, True, False), (5, True, True), (5, False, False), (3, False, True), ("4", True, False), (None, True, False)],
)
def test_as_many_steps_as_were_planned(experiment_of: Build, planned: Any, finished: bool, is_told: bool) -> None:
    one = left(experiment_of(), trace={"finished": finished}, planned={"steps": planned})
    told = list(steps.steps_of_the_run(one))
    assert told == ([f"has 4 steps, and {planned} were planned"] if is_told else [])


def test_columns_are_those_that_were_asked_for(experiment_of: Build) -> None:
    experiment = experiment_of(training={"epochs": 2, "batch_size": 10, "gradient_norms": True}, clipping=BY_NORM)
    wanted = {f"{kind}/dense_1": np.ones(4) for kind in ("gradient_norm", "clipped_norm")}
    assert list(steps.watched_columns(left(experiment, columns=wanted))) == []
    del wanted["clipped_norm/dense_1"]
    told = list(steps.watched_columns(left(experiment, columns={**wanted, "surprise": np.ones(4)})))
    assert told == ["has no column clipped_norm/dense_1", "has a column surprise, which nobody was to record"]


def test_a_training_without_a_step_has_no_columns(experiment_of: Build) -> None:
    experiment = experiment_of(training={"epochs": 2, "batch_size": 10, "gradient_norms": True})
    assert list(steps.watched_columns(left(experiment, ()))) == []


def test_norms_are_never_negative_and_projections_may_be(experiment_of: Build) -> None:
    columns = {
        "gradient_norm/dense_1": np.array([1.0, -2.0]),
        "digest/weight_norm/a": np.array([-1.0, 1.0]),
        "digest/weight_projection/a": np.array([-1.0, 1.0]),
    }
    assert list(steps.watched_values(left(experiment_of(), columns=columns))) == [
        "row 1: gradient_norm/dense_1 is -2, and a norm is never below 0",
        "row 0: digest/weight_norm/a is -1, and a norm is never below 0",
    ]
