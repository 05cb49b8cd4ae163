"""Short digests of the gradients and the weights, which a training records at every step besides the loss.

The digest of a tensor t is its projection `sum(p * t)` on the fixed pattern p of `pattern`. It changes where an element
changes or moves. The norm `sqrt(sum(t * t))` is recorded for readers. Gradients are measured before their update
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
    """The two factors of `pattern`: one over all axes but the last, flattened, and one over the last axis.

    Their elements are `+-(128 + k) / 256` with k from 0 to 127, from bytes of SHAKE-128, equal on every machine.
    """
    last_size = shape[-1]
    pattern_bytes = np.frombuffer(hashlib.shake_128(b"twinrun").digest(last_size + prod(shape[:-1])), np.uint8)
    values = np.where(pattern_bytes < 128, 1, -1) * (128 + pattern_bytes % 128) / 256
    return values[last_size:], values[:last_size]


def pattern(shape: Shape) -> NDArray[np.float64]:
    """`p[..., j] = u[...] * v[j]`, exact in float32. As its rank is 1, two products with vectors project a tensor."""
    rows, columns = factors(shape)
    return np.outer(rows, columns).reshape(shape)


def weights_first(watch: Sequence[Watched]) -> tuple[Watched, ...]:
    """The kinds in the order in which a framework computes them: those of weights, then those of gradients."""
    return tuple(sorted(watch, key=lambda kind: not kind.startswith("weight")))
