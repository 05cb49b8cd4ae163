"""Losses in TensorFlow: a function from the model's output and int32 labels, or values, to the loss of the batch.

`realisations.losses` says which of the makers here makes a word.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.making import maker
from adapters.setting import Make, Setting
from adapters.tensorflow import loss_formulas as formulas
from adapters.tensorflow.realisations.losses import KERAS_EPSILON, LOSSES, is_sparse
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.recipe import Targets


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A function from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    keras.config.set_epsilon(KERAS_EPSILON)  # whatever a keras.json says
    return OnRows(maker(LOSSES, word, setting)(word, setting), word, width, targets == "labels", setting)


def of_class(kind: Any, *fields: str, **given: Any) -> Make:
    """A class of the framework with these fields of the word, reduced as it does."""

    def make(word: Any, setting: Setting) -> Any:
        named = {**given, **{name: getattr(word, name) for name in fields}}
        return kind(**named, **_reduced(word, setting))

    return make


def by_formula(formula: Any, *numbers: str | float) -> Make:
    """The loss of each sample by a formula of the outputs, the targets and numbers, which may be fields of the word."""

    def make(word: Any, setting: Setting) -> Any:
        values = (getattr(word, number) if isinstance(number, str) else number for number in numbers)
        return of_samples(formula, word, setting, *values)

    return make


def bounded(formula: Any) -> Make:
    """Likewise, of the bounds epsilon and 1 - epsilon."""
    return lambda word, setting: of_samples(formula, word, setting, word.epsilon, 1 - word.epsilon)


mean_squared_error = of_class(keras.losses.MeanSquaredError)
mean_absolute_error = of_class(keras.losses.MeanAbsoluteError)
huber = of_class(keras.losses.Huber, "delta")
sigmoid_cross_entropy = of_class(keras.losses.BinaryCrossentropy, from_logits=True)
binary_cross_entropy = of_class(keras.losses.BinaryCrossentropy)
poisson = of_class(keras.losses.Poisson)


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    smoothing = word.label_smoothing
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, **_reduced(word, setting))


composed_mean_squared_logarithmic_error = by_formula(formulas.mean_squared_logarithmic_error, "epsilon")
composed_mean_absolute_percentage_error = by_formula(formulas.mean_absolute_percentage_error, "epsilon")
composed_log_cosh = by_formula(formulas.log_cosh, math.log(2))
composed_cosine_similarity = by_formula(formulas.cosine_similarity, "epsilon")
composed_asymmetric_linear = by_formula(formulas.asymmetric_linear, "over", "under")
composed_negative_log_likelihood = by_formula(formulas.negative_log_likelihood)
composed_binary_cross_entropy = bounded(formulas.binary_cross_entropy)
composed_kl_divergence = by_formula(formulas.kl_divergence, "epsilon", 1.0)
composed_poisson = by_formula(formulas.poisson, "epsilon")
composed_exponential = by_formula(formulas.exponential)


def composed_categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    formula = formulas.normalized_cross_entropy if word.normalize else formulas.categorical_cross_entropy
    return bounded(formula)(word, setting)


def composed_categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    lowest = float(np.finfo(setting.precision).min)
    return of_samples(formulas.categorical_hinge, word, setting, 0.0 if word.zero_competes else lowest)


class OnRows:
    """Hands a loss a row of outputs and one of targets a sample: values, or a label one-hot, or in -1 and 1."""

    def __init__(self, inner: Any, word: spec.Loss, width: int, labels: bool, setting: Setting) -> None:
        self.inner, self.width, self.labels = inner, width, labels
        self.precision, self.off = setting.precision, -1 if word.targets_domain == "signs" else 0
        self.sparse = labels and is_sparse(word)
        if self.sparse:
            self.inner = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **_reduced(word, setting))
        weights = class_weights(word)
        self.weights = None if weights is None else tf.constant(weights, setting.precision)

    def __call__(self, outputs: Any, y: Any) -> Any:
        # One row a sample; and behind a reshape Keras does not see a softmax, whose logits it would take instead.
        flat = tf.reshape(outputs, (-1, self.width))
        if self.sparse:
            rows = y
        elif self.labels:
            rows = tf.one_hot(y, self.width, off_value=self.off, dtype=self.precision)
        else:
            rows = tf.reshape(y, (-1, self.width))
        if self.weights is None:
            return self.inner(rows, flat)
        counts = tf.gather(self.weights, y) if self.labels else tf.linalg.matvec(rows, self.weights)
        return self.inner(rows, flat, sample_weight=counts)


def of_samples(formula: Any, word: spec.Loss, setting: Setting, *numbers: float) -> Any:
    return OfSamples(formula, numbers, **_reduced(word, setting))


# MindSpore has no such classes, or they are not the spec.

mean_squared_logarithmic_error = of_class(keras.losses.MeanSquaredLogarithmicError)
mean_absolute_percentage_error = of_class(keras.losses.MeanAbsolutePercentageError)
log_cosh = of_class(keras.losses.LogCosh)
cosine_similarity = of_class(keras.losses.CosineSimilarity)
categorical_cross_entropy = of_class(keras.losses.CategoricalCrossentropy)
kl_divergence = of_class(keras.losses.KLDivergence)
hinge = of_class(keras.losses.Hinge)
squared_hinge = of_class(keras.losses.SquaredHinge)
categorical_hinge = of_class(keras.losses.CategoricalHinge)


class OfSamples(keras.losses.Loss):
    """A formula for the loss of each sample."""

    def __init__(self, formula: Any, numbers: tuple[float, ...], **reduced: Any) -> None:
        super().__init__(**reduced)
        self.formula, self.numbers = formula, numbers

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # In the graph that is being traced: what is handed into one is no constant to XLA.
        return self.formula(y_pred, y_true, *(tf.constant(number, y_pred.dtype) for number in self.numbers))


def _reduced(word: spec.Loss, setting: Setting) -> dict[str, Any]:
    by_weights = isinstance(word, spec.ClassLoss) and word.class_weights and word.weighting == "sum_of_weights"
    mean = "mean_with_sample_weight" if by_weights else "sum_over_batch_size"
    return {"reduction": "sum" if word.reduction == "sum" else mean, "dtype": setting.precision}
