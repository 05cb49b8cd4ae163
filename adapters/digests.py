"""What a training tells of every step besides its loss: short digests of the gradients and of the weights.

The digest of a tensor t is its projection, `sum(p * t)` with the fixed p of `pattern`: an element that changed, or
changed its place, changes it too. A norm, `sqrt(sum(t * t))`, is for reading. Gradients are watched before their update
(`clipped_norm` after clipping), weights after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from harness.records.step_columns import Watched
from harness.spec.parameters import Shape

# The root mean square of `pattern`.
PATTERN_SIZE = 7 / 12


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


def weights_first(watch: Sequence[Watched]) -> tuple[Watched, ...]:
    """The kinds in the order in which a framework computes them: what is of weights, then what is of gradients."""
    return tuple(sorted(watch, key=lambda kind: not kind.startswith("weight")))
