"""The metrics, by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import Array, IntArray, made_by
from harness.spec import metrics as spec


def metric(word: spec.Metric, outputs: Array, y: IntArray) -> Array:
    """The metric of each sample, (B,), in the dtype of `outputs` (B, C)."""
    return made_by(METRICS, word, "reference")(word, outputs, y)


def zero_one(_: spec.ZeroOne, outputs: Array, y: IntArray) -> Array:
    return (outputs.argmax(axis=-1) != y).astype(outputs.dtype)


METRICS: dict[type[spec.Metric], Callable[[Any, Array, IntArray], Array]] = {
    spec.ZeroOne: zero_one,
}
