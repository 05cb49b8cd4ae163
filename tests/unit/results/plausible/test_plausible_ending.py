"""What cannot be of weights and predictions, rule by rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from left_records import Build, left

from harness.results.plausible import ending

WEIGHTS = {"dense_1/kernel": np.zeros((784, 10), np.float32), "dense_1/bias": np.zeros(10, np.float32)}
SAID = {"label": np.array([3, 1, 9], np.int32), "margin": np.array([0.5, 0.0, 2.0])}


def predicted(experiment: Any, scored: int = 3, **changed: Any) -> list[str]:
    one = left(experiment, ((1.0,),), predictions={**SAID, **changed})
    (record,) = one.epochs
    trace = one.trace.model_copy(update={"epochs": (record.model_copy(update={"samples_scored": scored}),)})
    return list(ending.predictions_of_the_test_set(left(experiment, (), dict(trace), predictions=one.arm.predictions)))


def test_weights_of_the_model(experiment_of: Build) -> None:
    assert list(ending.weights_of_the_model(left(experiment_of(), weights=WEIGHTS))) == []
    assert list(ending.weights_of_the_model(left(experiment_of()))) == []  # none were left


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"dense_1/bias": np.zeros(9, np.float32)},
            "dense_1/bias is (9,) of float32, and (10,) of float32 in the model",
        ),
        ({"dense_1/bias": np.zeros(10)}, "dense_1/bias is (10,) of float64, and (10,) of float32 in the model"),
        ({"extra": np.zeros(1, np.float32)}, "extra is (1,) of float32, and nothing in the model"),
    ],
)
def test_other_weights(experiment_of: Build, change: dict[str, Any], told: str) -> None:
    assert list(ending.weights_of_the_model(left(experiment_of(), weights={**WEIGHTS, **change}))) == [told]


def test_a_missing_weight(experiment_of: Build) -> None:
    less = {"dense_1/kernel": WEIGHTS["dense_1/kernel"]}
    (told,) = ending.weights_of_the_model(left(experiment_of(), weights=less))
    assert told == "dense_1/bias is nothing, and (10,) of float32 in the model"


def test_weights_that_are_not_finite_need_a_training_that_diverged(experiment_of: Build) -> None:
    lost = {**WEIGHTS, "dense_1/bias": np.full(10, math.nan, np.float32)}
    (told,) = ending.weights_are_finite(left(experiment_of(), weights=lost))
    assert told == "dense_1/bias is not finite everywhere, and no judged step explains it"
    assert list(ending.weights_are_finite(left(experiment_of(), ((math.nan,),), weights=lost))) == []


def test_predictions_are_missing_after_a_whole_training_alone(experiment_of: Build) -> None:
    assert len(list(ending.predictions_are_there(left(experiment_of())))) == 1
    assert list(ending.predictions_are_there(left(experiment_of(), trace={"finished": False}))) == []
    assert list(ending.predictions_are_there(left(experiment_of(), predictions=SAID))) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"label": np.array([3, 10, 9], np.int32)}, "row 1: label is 10, and there are 10 classes"),
        ({"margin": np.array([0.5, -1.0, 2.0])}, "row 1: margin is -1, and a lead is never below 0"),
        ({"margin": SAID["margin"].astype(np.float32)}, "has labels of int32 and margins of float32"),
        ({"label": SAID["label"][:2]}, "has labels (2,) and margins (3,), and 3 samples were scored"),
        (
            {"extra": np.zeros(3)},
            "holds label, margin, extra; label and margin are what is predicted, of classes alone",
        ),
    ],
)
def test_predictions(experiment_of: Build, changed: dict[str, Any], told: str | None) -> None:
    assert predicted(experiment_of(), **changed) == ([] if told is None else [told])


def test_an_image_without_a_label_has_no_lead(experiment_of: Build) -> None:
    labels = np.array([3, -1, 9], np.int32)
    told = predicted(experiment_of(), label=labels)
    assert told == [
        "row 1: margin is 0, and the image has no label",
        "row 1: label is -1, none, and the test loss is finite",
    ]


def test_another_number_of_samples_was_scored(experiment_of: Build) -> None:
    assert predicted(experiment_of(), scored=4) == ["has labels (3,) and margins (3,), and 4 samples were scored"]
