"""The loss of a batch and its gradient by the model's output, for labels `y` of shape (B,) or values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import Array, made_by
from adapters.reference import disturbed
from adapters.reference import loss_formulas as formulas
from adapters.reference.rounding import tell_overflow
from adapters.weighting import normaliser, sample_weights
from harness.spec import losses as spec

LOSSES: dict[type[spec.Loss], Callable[[Any, Array, Array], tuple[Array, Array]]] = {
    spec.MeanSquaredError: formulas.mean_squared_error,
    spec.MeanAbsoluteError: formulas.mean_absolute_error,
    spec.MeanSquaredLogarithmicError: formulas.mean_squared_logarithmic_error,
    spec.MeanAbsolutePercentageError: formulas.mean_absolute_percentage_error,
    spec.Huber: formulas.huber,
    spec.SmoothL1: formulas.smooth_l1,
    spec.LogCosh: formulas.log_cosh,
    spec.CosineSimilarity: formulas.cosine_similarity,
    spec.AsymmetricLinear: formulas.asymmetric_linear,
    spec.SoftmaxCrossEntropy: formulas.softmax_cross_entropy,
    spec.CategoricalCrossEntropy: formulas.categorical_cross_entropy,
    spec.NegativeLogLikelihood: formulas.negative_log_likelihood,
    spec.SigmoidCrossEntropy: formulas.sigmoid_cross_entropy,
    spec.BinaryCrossEntropy: formulas.binary_cross_entropy,
    spec.KlDivergence: formulas.kl_divergence,
    spec.Poisson: formulas.poisson,
    spec.Hinge: formulas.hinge,
    spec.SquaredHinge: formulas.squared_hinge,
    spec.CategoricalHinge: formulas.categorical_hinge,
    spec.Exponential: formulas.exponential,
}

# Float32 outputs above this count as overflowing: where a reciprocal comes near the smallest normal number, that of
# TensorFlow, for example in its gradient of log1p, is up to 3e-4 off.
LARGE = 1e31


def value_and_gradient(word: spec.Loss, outputs: Array, y: Array) -> tuple[Any, Array]:
    """The loss of the batch, (), and its gradient by the outputs (B, ...)."""
    losses, gradient = of_each_draw(word, outputs, y, 1)
    return losses[0], gradient


@disturbed.loss
def of_each_draw(word: spec.Loss, outputs: Array, y: Array, draws: int) -> tuple[Array, Array]:
    """The losses (draws,) of several runs on one batch, and their gradients, as the outputs (draws * B, ...)."""
    targets = np.concatenate([y] * draws)
    losses, slopes = unweighted(word, outputs, targets)
    weights = sample_weights(word, targets, outputs.dtype)
    if weights is not None:
        losses, slopes = losses * weights, slopes * weights[:, None]
    divisor = normaliser(word, y, outputs.dtype)
    return losses.reshape(draws, -1).sum(axis=-1) / divisor, (slopes / divisor).reshape(outputs.shape)


def per_sample(word: spec.Loss, outputs: Array, y: Array) -> tuple[Array, Array]:
    """(B,) numbers whose mean is the loss, for all weights and reductions, and the gradient of each, (B, ...).

    The error of a loss is then at most that of the worst sample.
    """
    losses, slopes = unweighted(word, outputs, y)
    factors = outputs.dtype.type(len(y)) / normaliser(word, y, outputs.dtype)
    weights = sample_weights(word, y, outputs.dtype)
    if weights is not None:
        factors = factors * weights
    return losses * factors, (slopes * np.reshape(factors, (-1, 1))).reshape(outputs.shape)


def unweighted(word: spec.Loss, outputs: Array, y: Array) -> tuple[Array, Array]:
    """(B,) losses and the (B, C) gradient of each by its own outputs, in the dtype of `outputs`."""
    flat = outputs.reshape(len(outputs), -1)
    if flat.dtype == np.float32 and np.abs(flat).max(initial=0.0) > LARGE:
        tell_overflow("outputs")
    return made_by(LOSSES, word, "reference")(word, flat, target_rows(word, flat, y))


def target_rows(word: spec.Loss, outputs: Array, y: Array) -> Array:
    """(B, C): the values of the targets, or for each label its one-hot row (of -1 and 1 for a loss of signs)."""
    if np.issubdtype(y.dtype, np.floating):
        return y.reshape(outputs.shape).astype(outputs.dtype)
    rows = one_hot(y, outputs)
    return 2 * rows - 1 if word.targets_domain == "signs" else rows


def one_hot(y: Array, like: Array) -> Array:
    """(B, C) with 1 at the label, in the dtype of `like`."""
    return (np.arange(like.shape[-1]) == np.asarray(y)[:, None]).astype(like.dtype)
