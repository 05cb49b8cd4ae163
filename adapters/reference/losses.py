"""The loss of each sample and its gradient by the model's output, for labels `y` of shape (B,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import Array, made_by
from adapters.reference import disturbed
from harness.spec import losses as spec


@disturbed.loss
def value_and_gradient(word: spec.Loss, outputs: Array, y: Array) -> tuple[Any, Array]:
    """The loss over the batch, and its gradient by the outputs."""
    losses, slope = per_sample(word, outputs, y)
    return losses.mean(), slope / outputs.dtype.type(len(y))


def per_sample(word: spec.Loss, outputs: Array, y: Array) -> tuple[Array, Array]:
    """(B,) losses and the (B, C) gradient of each by its own outputs, in the dtype of `outputs`."""
    return made_by(LOSSES, word, "reference")(word, outputs, y)


def softmax_cross_entropy(_: spec.SoftmaxCrossEntropy, z: Array, y: Array) -> tuple[Array, Array]:
    # Sparse and one-hot targets are the same number here.
    shifted = z - z.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=-1, keepdims=True)
    target = one_hot(y, z)
    return np.log(total[:, 0]) - (shifted * target).sum(axis=-1), powers / total - target


def mean_squared_error(_: spec.MeanSquaredError, p: Array, y: Array) -> tuple[Array, Array]:
    difference = p - one_hot(y, p)
    return (difference * difference).mean(axis=-1), difference * p.dtype.type(2 / p.shape[-1])


def one_hot(y: Array, like: Array) -> Array:
    """(B, C) with 1 at the label, in the dtype of `like`."""
    return (np.arange(like.shape[-1]) == np.asarray(y)[:, None]).astype(like.dtype)


LOSSES: dict[type[spec.Loss], Callable[[Any, Array, Array], tuple[Array, Array]]] = {
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.MeanSquaredError: mean_squared_error,
}
