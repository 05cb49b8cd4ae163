"""Losses in TensorFlow: a function from the model's output and int32 labels, or values, to the loss of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import losses as spec
from harness.spec.recipe import Targets


def softmax_cross_entropy(s: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    if s.targets == "sparse":
        return _labels_first(keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=setting.precision))
    return _labels_first(keras.losses.CategoricalCrossentropy(from_logits=True, dtype=setting.precision))


def mean_squared_error(_: spec.MeanSquaredError, setting: Setting) -> Any:
    return _labels_first(keras.losses.MeanSquaredError(dtype=setting.precision))


LOSSES: dict[type[spec.Loss], Callable[[Any, Setting], Any]] = {
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.MeanSquaredError: mean_squared_error,
}


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A function from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    made = made_by(LOSSES, word, "tensorflow")(word, setting)
    if targets == "values" or getattr(word, "targets", None) == "sparse":
        return made
    return lambda outputs, labels: made(outputs, tf.one_hot(labels, width, dtype=setting.precision))


def _labels_first(native: Any) -> Any:
    return lambda outputs, y: native(y, outputs)
