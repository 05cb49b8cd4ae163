"""What a training tells of every step besides its loss: short digests of the gradients and of the weights.

The digest of a tensor t is its projection, `sum(p * t)` with the fixed p of `pattern`: an element that changed, or
changed its place, changes it too. A norm, `sqrt(sum(t * t))`, is for reading. Gradients are watched before their update
(`clipped_norm` after clipping), weights after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import prod
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from harness.spec.model import Model
from harness.spec.parameters import Parameter, Shape

Watched = Literal["gradient_norm", "clipped_norm", "gradient_projection", "weight_norm", "weight_projection"]
WATCHED: tuple[Watched, ...] = get_args(Watched)
DIGESTS: tuple[Watched, ...] = ("gradient_projection", "weight_projection")

# The root mean square of `pattern`.
PATTERN_SIZE = 7 / 12


def watched_parameters(model: Model, kind: Watched) -> tuple[Parameter, ...]:
    """All, in the model's order, for what is watched of weights; the trainable ones for what is of gradients."""
    of_weights = kind in ("weight_norm", "weight_projection")
    return tuple(p for p in model.parameters() if of_weights or p.trainable)


def columns(model: Model, watch: Sequence[Watched]) -> tuple[str, ...]:
    """The names of the columns of `EpochResult.watched`: `<kind>/<parameter>`, kind by kind in the order of `watch`."""
    return tuple(f"{kind}/{p.name}" for kind in watch for p in watched_parameters(model, kind))


def factors(shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of `pattern`: over all axes but the last, flattened, and over the last.

    Each is of `+-(128 + k) / 256`, k from 0 to 127: the bytes of SHAKE-128, the same on every machine.
    """
    last = shape[-1]
    drawn = np.frombuffer(hashlib.shake_128(b"twinrun").digest(last + prod(shape[:-1])), np.uint8)
    values = np.where(drawn < 128, 1, -1) * (128 + drawn % 128) / 256
    return values[last:], values[:last]


def pattern(shape: Shape) -> NDArray[np.float64]:
    """`p[..., j] = u[...] * v[j]`, exact in float32: of rank 1, so that two products with vectors make a projection."""
    rows, last = factors(shape)
    return np.outer(rows, last).reshape(shape)
