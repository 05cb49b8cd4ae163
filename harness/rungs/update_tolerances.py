"""Tolerances of weights after teacher-forced updates."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from harness.judging.tolerances import Tolerance, own_error
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey, only
from harness.system.array_files import Arrays


def of_updates(inputs: Arrays, expected: Arrays, rounded: Arrays, precision: Any) -> dict[str, Tolerance]:
    """The tolerances of the updated weights, each from its tensor's own error.

    A tensor of a few numbers may be right by luck. So its error counts as at least what is typical of the tensors after
    the same update: the median of their errors, beyond the rounding of the weights, as a share of the way that they
    were moved.
    """
    keys = [TensorKey.parse(name) for name in only(expected, "weight")]
    sizes = {key: _largest_weight(inputs, expected, key) for key in keys}
    ways = {key: _way(inputs, expected, key) for key in keys}
    shares: dict[int | None, list[float]] = {}
    for key in (key for key in keys if ways[key] > 0):
        error, roundings = np.max(np.abs(rounded[key] - expected[key])), np.spacing(np.float32(np.max(sizes[key])))
        shares.setdefault(key.step, []).append(max(0.0, float(error - (key.step or 0) * roundings)) / ways[key])
    typical = {step: float(np.median(each)) for step, each in shares.items()}
    return {
        key: own_error(
            expected[key], rounded[key], precision, size=sizes[key], least=typical.get(key.step, 0.0) * ways[key]
        )
        for key in keys
    }


def _way(inputs: Arrays, expected: Arrays, key: TensorKey) -> float:
    """The sum, over the updates up to this one, of the largest move of a weight of the tensor."""
    return sum(float(np.max(np.abs(b - a), initial=0.0)) for a, b in pairwise(_so_far(inputs, expected, key)))


def _largest_weight(inputs: Arrays, expected: Arrays, key: TensorKey) -> Any:
    """The largest size of each weight up to this update, which is the size of the terms of the updates' sum."""
    return np.max(np.abs(_so_far(inputs, expected, key)), axis=0)


def _so_far(inputs: Arrays, expected: Arrays, key: TensorKey) -> list[FloatArray]:
    """The weights of the tensor before the first update, and after each up to this one."""
    assert key.step is not None
    keys = (TensorKey("weight", key.of, k) for k in range(1, key.step + 1))
    return [inputs[TensorKey("weight", key.of, 0)], *(expected[name] for name in keys if name in expected)]
