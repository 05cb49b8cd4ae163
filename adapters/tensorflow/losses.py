"""Losses in TensorFlow: a function from the model's output and int32 labels, or values, to the loss of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from adapters.tensorflow import loss_formulas as formulas
from adapters.tensorflow.realisations.losses import KERAS_EPSILON
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.recipe import Targets


def of_keras(kind: Any, **fields: Any) -> Callable[[Any, Setting], Any]:
    """A class of Keras, with its own reductions, which act on the loss of each sample."""
    return lambda word, setting: kind(**fields, **_reduced(word, setting))


def with_epsilon(kind: Any, formula: Any) -> Callable[[Any, Setting], Any]:
    """A class of Keras where the epsilon is Keras', else the formula."""
    return lambda word, setting: (of_keras(kind) if word.epsilon == KERAS_EPSILON else composed(formula))(word, setting)


def in_float32(kind: Any, formula: Any) -> Callable[[Any, Setting], Any]:
    """What `kind` makes for float32 arms, the formula for others."""
    return lambda word, setting: (kind if setting.precision == "float32" else composed(formula))(word, setting)


def composed(formula: Any) -> Callable[[Any, Setting], Any]:
    """The loss of each sample by a formula, reduced as Keras does."""
    return lambda word, setting: OfSamples(formula, word, **_reduced(word, setting))


def huber(word: spec.Huber, setting: Setting) -> Any:
    return keras.losses.Huber(delta=word.delta, **_reduced(word, setting))


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    smoothing = word.label_smoothing
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, **_reduced(word, setting))


def categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    formula = formulas.categorical_cross_entropy
    made = with_epsilon(keras.losses.CategoricalCrossentropy, formula) if word.normalize else composed(formula)
    return made(word, setting)


def cosine_similarity(word: spec.CosineSimilarity, setting: Setting) -> Any:
    by_formula = composed(formulas.cosine_similarity)
    native = with_epsilon(keras.losses.CosineSimilarity, formulas.cosine_similarity)
    return (by_formula if setting.mode == "xla" else native)(word, setting)


def categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    made = of_keras(keras.losses.CategoricalHinge) if word.zero_competes else composed(formulas.categorical_hinge)
    return made(word, setting)


LOSSES: dict[type[spec.Loss], Callable[[Any, Setting], Any]] = {
    spec.MeanSquaredError: of_keras(keras.losses.MeanSquaredError),
    spec.MeanAbsoluteError: of_keras(keras.losses.MeanAbsoluteError),
    spec.MeanSquaredLogarithmicError: in_float32(
        with_epsilon(keras.losses.MeanSquaredLogarithmicError, formulas.mean_squared_logarithmic_error),
        formulas.mean_squared_logarithmic_error,
    ),
    spec.MeanAbsolutePercentageError: with_epsilon(
        keras.losses.MeanAbsolutePercentageError, formulas.mean_absolute_percentage_error
    ),
    spec.Huber: huber,
    spec.LogCosh: in_float32(of_keras(keras.losses.LogCosh), formulas.log_cosh),
    spec.CosineSimilarity: cosine_similarity,
    spec.AsymmetricLinear: composed(formulas.asymmetric_linear),
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.CategoricalCrossEntropy: categorical_cross_entropy,
    spec.NegativeLogLikelihood: composed(formulas.negative_log_likelihood),
    spec.SigmoidCrossEntropy: of_keras(keras.losses.BinaryCrossentropy, from_logits=True),
    spec.BinaryCrossEntropy: with_epsilon(keras.losses.BinaryCrossentropy, formulas.binary_cross_entropy),
    spec.KlDivergence: with_epsilon(keras.losses.KLDivergence, formulas.kl_divergence),
    spec.Poisson: with_epsilon(keras.losses.Poisson, formulas.poisson),
    spec.Hinge: of_keras(keras.losses.Hinge),
    spec.SquaredHinge: of_keras(keras.losses.SquaredHinge),
    spec.CategoricalHinge: categorical_hinge,
    spec.Exponential: composed(formulas.exponential),
}


class OfSamples(keras.losses.Loss):
    """A formula for the loss of each sample."""

    def __init__(self, formula: Any, word: spec.Loss, **reduced: Any) -> None:
        super().__init__(**reduced)
        self.formula, self.word = formula, word

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.formula(self.word, y_pred, y_true)


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A function from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    keras.config.set_epsilon(KERAS_EPSILON)  # whatever a keras.json says
    labels, sparse = targets == "labels", False
    if isinstance(word, spec.SoftmaxCrossEntropy) and labels:
        sparse = word.targets == "sparse" and not word.label_smoothing
    if sparse:
        made = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **_reduced(word, setting))
    else:
        made = made_by(LOSSES, word, "tensorflow")(word, setting)
    off = -1 if word.targets_domain == "signs" else 0
    weights = class_weights(word)
    table = None if weights is None else tf.constant(weights, setting.precision)

    def of_batch(outputs: Any, y: Any) -> Any:
        # One row a sample; and behind a reshape Keras does not see a softmax, whose logits it would take instead.
        flat = tf.reshape(outputs, (-1, width))
        if sparse:
            rows = y
        elif labels:
            rows = tf.one_hot(y, width, off_value=off, dtype=setting.precision)
        else:
            rows = tf.reshape(y, (-1, width))
        if table is None:
            return made(rows, flat)
        counts = tf.gather(table, y) if labels else tf.linalg.matvec(rows, table)
        return made(rows, flat, sample_weight=counts)

    return of_batch


def _reduced(word: spec.Loss, setting: Setting) -> dict[str, Any]:
    by_weights = isinstance(word, spec.ClassLoss) and word.class_weights and word.weighting == "sum_of_weights"
    mean = "mean_with_sample_weight" if by_weights else "sum_over_batch_size"
    return {"reduction": "sum" if word.reduction == "sum" else mean, "dtype": setting.precision}
