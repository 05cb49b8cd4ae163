"""Softmax and its logarithm over the last axis: value and pullback."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array
from adapters.reference.cancellation import nearly_cancelled
from harness.spec import activations as spec


def softmax(_: spec.Softmax, x: Array) -> Any:
    powers = _below_largest(x)[1]
    y = powers / powers.sum(axis=-1, keepdims=True)
    return y, lambda dy: y * nearly_cancelled(dy - (dy * y).sum(axis=-1, keepdims=True), dy)


def log_softmax(_: spec.LogSoftmax, x: Array) -> Any:
    shifted, powers = _below_largest(x)
    # The largest element's exp is 1: log1p of the sum of the others is accurate where that is small.
    np.put_along_axis(powers, x.argmax(axis=-1)[..., None], x.dtype.type(0), axis=-1)
    y = shifted - np.log1p(powers.sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


def _below_largest(x: Array) -> tuple[Array, Array]:
    """x minus the largest number of its row, and the exponential of this difference."""
    largest = x.max(axis=-1, keepdims=True)
    shifted = x - largest
    # The rounding error of the subtraction is a relative error of the exponential, by which it is corrected.
    part = np.where(np.isfinite(shifted), shifted - x, 0)
    lost = np.where(np.isfinite(shifted), (x - (shifted - part)) - (largest + part), 0)
    return shifted, np.exp(shifted) * (1 + lost)
