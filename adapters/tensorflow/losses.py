"""Losses in TensorFlow: the mean over the batch, from the model's output and int32 labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import Realisation, made_by
from harness.spec import losses as spec

Made = tuple[Realisation, Callable[[Any, int, str], Any]]


def softmax_cross_entropy(s: spec.SoftmaxCrossEntropy, classes: int, precision: str) -> Any:
    if s.targets == "sparse":
        return _labels_first(keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=precision))
    return _on_one_hot(keras.losses.CategoricalCrossentropy(from_logits=True, dtype=precision), classes, precision)


def mean_squared_error(_: spec.MeanSquaredError, classes: int, precision: str) -> Any:
    return _on_one_hot(keras.losses.MeanSquaredError(dtype=precision), classes, precision)


CROSS_ENTROPY: Made = (Realisation("native", "keras.losses.*CategoricalCrossentropy"), softmax_cross_entropy)
MSE: Made = (Realisation("native", "keras.losses.MeanSquaredError"), mean_squared_error)

LOSSES: dict[type[spec.Loss], dict[str, Made]] = {
    spec.SoftmaxCrossEntropy: {"float32": CROSS_ENTROPY, "float64": CROSS_ENTROPY},
    spec.MeanSquaredError: {"float32": MSE, "float64": MSE},
}


def realisation(word: spec.Loss, precision: str) -> Realisation:
    return made_by(LOSSES, word, "tensorflow")[precision][0]


def loss(word: spec.Loss, classes: int, precision: str) -> Any:
    """A function from (outputs, labels) to the mean loss."""
    return made_by(LOSSES, word, "tensorflow")[precision][1](word, classes, precision)


def _labels_first(native: Any) -> Any:
    return lambda outputs, labels: native(labels, outputs)


def _on_one_hot(native: Any, classes: int, precision: str) -> Any:
    """Turns labels into one-hot rows before the loss that wants them."""
    return lambda outputs, labels: native(tf.one_hot(labels, classes, dtype=precision), outputs)
