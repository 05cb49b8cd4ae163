"""What a loss multiplies its samples by, and what it divides their sum by: known from the targets alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray
from harness.spec.losses import ClassLoss, Loss


def class_weights(word: Loss) -> tuple[float, ...] | None:
    return word.class_weights if isinstance(word, ClassLoss) else None


def sample_weights(word: Loss, y: Array, precision: Any = np.float64) -> FloatArray | None:
    """(B,), from labels (B,) or values (B, C); None where every sample counts alike."""
    weights = class_weights(word)
    if weights is None:
        return None
    table = np.asarray(weights, precision)
    found: FloatArray = table[y] if np.issubdtype(y.dtype, np.integer) else y.reshape(len(y), -1) @ table
    return found


def normaliser(word: Loss, y: Array, precision: Any = np.float64) -> Any:
    """`loss * normaliser` of the parts of a data set add up to `loss * normaliser` of the whole."""
    if word.reduction == "sum":
        return np.dtype(precision).type(1)
    weights = sample_weights(word, y, precision)
    if weights is None or (isinstance(word, ClassLoss) and word.weighting == "batch"):
        return np.dtype(precision).type(len(y))
    return weights.sum()
