"""Losses in TensorFlow: a function from the model's output and int32 labels, or values, to the loss of the batch.

`realisations.losses` states which function makes a word.
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
from adapters.tensorflow.user_words import own_loss
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.own import OwnLoss
from harness.spec.recipe import Targets


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """The function from outputs (B, ...) and targets y to the loss. `width` is the number of outputs per sample."""
    if isinstance(word, OwnLoss):
        return own_loss(word, setting)
    keras.config.set_epsilon(KERAS_EPSILON)  # a keras.json may set another one
    return LossOnRows(maker(LOSSES, word, setting)(word, setting), word, width, targets == "labels", setting)


def class_maker(loss_class: Any, *fields: str, **options: Any) -> Make:
    """A maker of a loss by a class of the framework, with these fields of the word, in the reduction of the word."""

    def make(word: Any, setting: Setting) -> Any:
        arguments = {**options, **{name: getattr(word, name) for name in fields}}
        return loss_class(**arguments, **_reduction_options(word, setting))

    return make


def formula_maker(formula: Any, *numbers: str | float) -> Make:
    """A maker of a loss by a formula of outputs, targets and numbers. A text among the numbers names a field."""

    def make(word: Any, setting: Setting) -> Any:
        values = (getattr(word, number) if isinstance(number, str) else number for number in numbers)
        return formula_loss(formula, word, setting, *values)

    return make


def bounded_formula_maker(formula: Any) -> Make:
    """A maker of a loss by a formula with the bounds epsilon and 1 - epsilon as its numbers."""
    return lambda word, setting: formula_loss(formula, word, setting, word.epsilon, 1 - word.epsilon)


mean_squared_error = class_maker(keras.losses.MeanSquaredError)
mean_absolute_error = class_maker(keras.losses.MeanAbsoluteError)
huber = class_maker(keras.losses.Huber, "delta")
sigmoid_cross_entropy = class_maker(keras.losses.BinaryCrossentropy, from_logits=True)
binary_cross_entropy = class_maker(keras.losses.BinaryCrossentropy)
poisson = class_maker(keras.losses.Poisson)


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    """Cross-entropy of logits and targets."""
    smoothing = word.label_smoothing
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, **_reduction_options(word, setting)
    )


composed_mean_squared_logarithmic_error = formula_maker(formulas.mean_squared_logarithmic_error, "epsilon")
composed_mean_absolute_percentage_error = formula_maker(formulas.mean_absolute_percentage_error, "epsilon")
composed_log_cosh = formula_maker(formulas.log_cosh, math.log(2))
composed_cosine_similarity = formula_maker(formulas.cosine_similarity, "epsilon")
composed_asymmetric_linear = formula_maker(formulas.asymmetric_linear, "over", "under")
composed_negative_log_likelihood = formula_maker(formulas.negative_log_likelihood)
composed_binary_cross_entropy = bounded_formula_maker(formulas.binary_cross_entropy)
composed_smooth_l1 = formula_maker(formulas.smooth_l1, "beta")
composed_poisson = formula_maker(formulas.poisson, "epsilon")
composed_exponential = formula_maker(formulas.exponential)


def composed_categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    """Cross-entropy of probabilities, which are divided by their sum first if the word says so."""
    formula = formulas.normalized_cross_entropy if word.normalize else formulas.categorical_cross_entropy
    return bounded_formula_maker(formula)(word, setting)


def composed_kl_divergence(word: spec.KlDivergence, setting: Setting) -> Any:
    """The divergence, summed or averaged over the classes, as the word says."""
    formula = formulas.kl_divergence if word.classes == "summed" else formulas.mean_kl_divergence
    return formula_maker(formula, "epsilon", 1.0)(word, setting)


def composed_categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    """Categorical hinge, where 0 is a rival of the label or not, as the word says."""
    lowest = float(np.finfo(setting.precision).min)
    return formula_loss(formulas.categorical_hinge, word, setting, 0.0 if word.zero_competes else lowest)


class LossOnRows:
    """A loss with one row of outputs and one row of targets for each sample.

    A row of targets holds the values, or the label one-hot, with -1 in place of 0 for losses of signs.
    """

    def __init__(self, inner: Any, word: spec.Loss, width: int, labels: bool, setting: Setting) -> None:
        self.inner, self.width, self.labels = inner, width, labels
        self.precision, self.off_value = setting.precision, -1 if word.targets_domain == "signs" else 0
        self.sparse = labels and is_sparse(word)
        if self.sparse:
            self.inner = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, **_reduction_options(word, setting)
            )
        weights = class_weights(word)
        self.weights = None if weights is None else tf.constant(weights, setting.precision)

    def __call__(self, outputs: Any, y: Any) -> Any:
        # One row for each sample. The reshape also hides a softmax from Keras, which would take its logits instead.
        flat = tf.reshape(outputs, (-1, self.width))
        if self.sparse:
            rows = y
        elif self.labels:
            rows = tf.one_hot(y, self.width, off_value=self.off_value, dtype=self.precision)
        else:
            rows = tf.reshape(y, (-1, self.width))
        if self.weights is None:
            return self.inner(rows, flat)
        sample_weights = tf.gather(self.weights, y) if self.labels else tf.linalg.matvec(rows, self.weights)
        return self.inner(rows, flat, sample_weight=sample_weights)


def formula_loss(formula: Any, word: spec.Loss, setting: Setting, *numbers: float) -> Any:
    """The loss by a formula of each sample, with these numbers, in the reduction of the word."""
    return FormulaLoss(formula, numbers, **_reduction_options(word, setting))


# MindSpore has no such classes, or they depart from the spec.

mean_squared_logarithmic_error = class_maker(keras.losses.MeanSquaredLogarithmicError)
mean_absolute_percentage_error = class_maker(keras.losses.MeanAbsolutePercentageError)
log_cosh = class_maker(keras.losses.LogCosh)
cosine_similarity = class_maker(keras.losses.CosineSimilarity)
categorical_cross_entropy = class_maker(keras.losses.CategoricalCrossentropy)
kl_divergence = class_maker(keras.losses.KLDivergence)
hinge = class_maker(keras.losses.Hinge)
squared_hinge = class_maker(keras.losses.SquaredHinge)
categorical_hinge = class_maker(keras.losses.CategoricalHinge)


class FormulaLoss(keras.losses.Loss):
    """A formula of the loss of each sample, as a loss of Keras, which reduces it."""

    def __init__(self, formula: Any, numbers: tuple[float, ...], **options: Any) -> None:
        super().__init__(**options)
        self.formula, self.numbers = formula, numbers

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # Created in the graph that is being traced, because tensors from outside are no constants to XLA.
        return self.formula(y_pred, y_true, *(tf.constant(number, y_pred.dtype) for number in self.numbers))


def _reduction_options(word: spec.Loss, setting: Setting) -> dict[str, Any]:
    divides_by_weights = isinstance(word, spec.ClassLoss) and word.class_weights and word.weighting == "sum_of_weights"
    mean = "mean_with_sample_weight" if divides_by_weights else "sum_over_batch_size"
    return {"reduction": "sum" if word.reduction == "sum" else mean, "dtype": setting.precision}
