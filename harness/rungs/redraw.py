"""The inputs of a training, drawn again from the seed by the shortest code that does it: an audit of the plan.

It shares no code with `harness.plan` and `harness.data`, which every arm relies on: a fault there would be the same in
all arms, and no comparison of arms would show it. The streams of the seed are the plan's: 1 orders, 2 noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.records.array_types import Array, FloatArray, IntArray
from harness.spec.data import Data, Digits
from harness.spec.experiment import Training
from harness.spec.parameters import Mask, Noise, UniformNoise


def order(training: Training, seed: int, samples: int, epoch: int) -> IntArray:
    """The sample numbers of an epoch: its passes, one after the other, as far as they are used."""
    stream = np.random.default_rng(np.random.SeedSequence([seed, 1, epoch]))
    numbers = np.concatenate([stream.permutation(samples) for _ in range(training.passes_per_epoch)])
    size = training.batch_size
    whole = len(numbers) // size * size
    used = whole if training.last_batch == "drop" else len(numbers)
    if training.max_steps is not None:
        earlier = epoch * -(-used // size)
        used = min(used, (training.max_steps - earlier) * size)
    kept: IntArray = numbers[:used]
    return kept


def noise(spec: Noise, number: int, seed: int, epoch: int, samples: int) -> Array:
    """The noise of the first `samples` of an epoch, (samples, ...): of the model's noise, that with this number."""
    stream = np.random.default_rng(np.random.SeedSequence([seed, 2, epoch, number]))
    if isinstance(spec, UniformNoise):
        drawn = spec.low + (spec.high - spec.low) * stream.random((samples, *spec.shape))
        return drawn.astype(np.float32)
    assert isinstance(spec, Mask)
    return (stream.random((samples, *spec.shape), np.float32) >= spec.drop_rate).astype(np.float64)


def inputs(spec: Data, x_train: Array, samples: Array, precision: Any) -> FloatArray:
    """The samples as a model of this precision sees them: pixels normalised as the docstring of `Digits` says."""
    if not isinstance(spec, Digits) or spec.normalisation == "none":
        return samples.astype(precision)
    if spec.normalisation == "unit":
        return np.divide(samples, 255, dtype=precision)
    parts = np.array_split(x_train.reshape(-1), 1 + x_train.size // 1_000_000)
    mean = sum(float(part.sum(dtype=np.float64)) for part in parts) / x_train.size
    squares = sum(float(np.square(part - mean).sum()) for part in parts)
    scaled: FloatArray = (samples - mean) / np.sqrt(squares / x_train.size)
    return scaled.astype(precision)
