"""Metrics in TensorFlow: a function from the model's output and int32 labels to a number for each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import metrics as spec


def zero_one(_: spec.ZeroOne, setting: Setting) -> Any:
    """The zero-one loss of each sample."""
    return Misclassified(setting)


METRICS: dict[type[spec.Metric], Callable[[Any, Setting], Any]] = {
    spec.ZeroOne: zero_one,
}


def metric(word: spec.Metric, setting: Setting) -> Any:
    """The function of a metric, from outputs (B, C) and labels (B,) to (B,)."""
    return made_by(METRICS, word, "tensorflow")(word, setting)


class Misclassified:
    """1 for each sample whose largest output is not that of its label, else 0."""

    def __init__(self, setting: Setting) -> None:
        self.dtype = setting.precision

    def __call__(self, outputs: Any, labels: Any) -> Any:
        return 1 - tf.cast(keras.metrics.sparse_categorical_accuracy(labels, outputs), self.dtype)
