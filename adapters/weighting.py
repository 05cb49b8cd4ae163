"""The weights of the samples in a loss and the divisor of their sum. Both follow from the targets alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray
from harness.spec.losses import ClassLoss, Loss


def class_weights(word: Loss) -> tuple[float, ...] | None:
    """The weight of each class; None where the loss has no classes or weighs them alike."""
    return word.class_weights if isinstance(word, ClassLoss) else None


def sample_weights(word: Loss, y: Array, precision: Any = np.float64) -> FloatArray | None:
    """The weight of each sample (B,), from labels (B,) or values (B, C); None where all samples weigh alike."""
    weights = class_weights(word)
    if weights is None:
        return None
    table = np.asarray(weights, precision)
    per_sample: FloatArray = table[y] if np.issubdtype(y.dtype, np.integer) else y.reshape(len(y), -1) @ table
    return per_sample


def normaliser(word: Loss, y: Array, precision: Any = np.float64) -> Any:
    """The divisor of the summed sample losses: 1 for a sum, else the sample count or the sum of the sample weights.

    Therefore `loss * normaliser` of the parts of a data set add up to `loss * normaliser` of the whole.
    """
    if word.reduction == "sum":
        return np.dtype(precision).type(1)
    weights = sample_weights(word, y, precision)
    if weights is None or (isinstance(word, ClassLoss) and word.weighting == "batch"):
        return np.dtype(precision).type(len(y))
    return weights.sum()
