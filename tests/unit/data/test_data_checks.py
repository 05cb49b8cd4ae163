"""What is wrong with arrays, in sentences that name the array and the sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.data.checks import CLASSES, IMAGE_SHAPE, not_finite, problems, wrong_labels

IMAGES, LABELS = np.zeros((3, *IMAGE_SHAPE), np.uint8), np.array([0, 9, 5], np.int32)
VALUES, TARGETS = np.zeros((3, 2)), np.ones((3, 1))


def of_images(samples: Any = IMAGES, labels: Any = LABELS) -> list[str]:
    return problems("train", samples, labels, IMAGE_SHAPE, CLASSES)


def of_values(samples: Any = VALUES, targets: Any = TARGETS) -> list[str]:
    return problems("test", samples, targets, (2,), None)


def test_sound_arrays() -> None:
    assert of_images() == []
    assert of_values() == []


@pytest.mark.parametrize(
    ("samples", "labels", "told"),
    [
        (
            IMAGES.astype(np.float32),
            LABELS,
            "x_train: float32 of shape (3, 28, 28, 1), expected uint8 of shape (N, 28, 28, 1)",
        ),
        (IMAGES[..., 0], LABELS, "x_train: uint8 of shape (3, 28, 28), expected uint8 of shape (N, 28, 28, 1)"),
        (IMAGES, LABELS.astype(np.int64), "y_train: int64 of shape (3,), expected int32 of shape (N,)"),
        (IMAGES, LABELS[:2], "train: 3 images but 2 labels, expected as many of each"),
        (IMAGES[:0], LABELS[:0], "x_train: no images, expected at least one"),
        (IMAGES, np.array([0, 10, -1], np.int32), "y_train: label 10 of sample 1, and 1 more; expected 0 to 9"),
    ],
)
def test_images(samples: Any, labels: Any, told: str) -> None:
    assert of_images(samples, labels) == [told]


def test_shapes_of_both_are_told_before_anything_else_is_looked_at() -> None:
    told = of_images(IMAGES[0], LABELS[:, np.newaxis])
    assert [each.partition(":")[0] for each in told] == ["x_train", "y_train"]


@pytest.mark.parametrize(
    ("samples", "targets", "told"),
    [
        (VALUES, TARGETS[:, 0], "y_test: of shape (3,), expected (N, values)"),
        (VALUES, TARGETS.astype(np.float32), "y_test: float32 of shape (3, 1), expected float64 of shape (N, 1)"),
        (VALUES[:, :1], TARGETS, "x_test: float64 of shape (3, 1), expected float64 of shape (N, 2)"),
        (VALUES, TARGETS[:2], "test: 3 samples but 2 targets, expected as many of each"),
        (
            VALUES,
            np.array([[1.0], [np.nan], [np.inf]]),
            "y_test: nan in sample 1, and in 1 more; expected finite numbers",
        ),
        (VALUES + 0.1, TARGETS, "x_test: 0.1 in sample 0 is not exact in float32, as every arm needs it"),
        (VALUES + 1e300, TARGETS, "x_test: 1e+300 in sample 0 is not exact in float32, as every arm needs it"),
    ],
)
def test_values(samples: Any, targets: Any, told: str) -> None:
    assert of_values(samples, targets) == [told]


def test_faults_of_samples_and_targets_are_told_together() -> None:
    told = of_values(np.full((3, 2), np.nan), np.full((3, 1), 0.1))
    assert [each.partition(":")[0] for each in told] == ["x_test", "y_test"]


def test_one_label_and_one_value_alone() -> None:
    assert wrong_labels("y", np.array([0, 3]), 3) == ["y: label 3 of sample 1; expected 0 to 2"]
    assert wrong_labels("y", np.array([2, 0]), 3) == []
    assert not_finite("x", np.array([[0.0, -np.inf]])) == ["x: -inf in sample 0; expected finite numbers"]
    assert not_finite("x", np.zeros((2, 2))) == []
