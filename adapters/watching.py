"""What a training tells of every step besides its loss: short digests of the gradients and of the weights.

A norm is `sqrt(sum(t * t))` over a tensor t. It does not see an element that has changed its place, and so there is
the projection: `sum(p * t)` with the fixed signs p of `pattern`, by the element's index in the canonical layout.
Gradients are watched before their update (`clipped_norm` after clipping), weights after it.
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
DIGESTS: tuple[Watched, ...] = ("gradient_norm", "gradient_projection", "weight_norm", "weight_projection")


def watched_parameters(model: Model, kind: Watched) -> tuple[Parameter, ...]:
    """All, in the model's order, for what is watched of weights; the trainable ones for what is of gradients."""
    of_weights = kind in ("weight_norm", "weight_projection")
    return tuple(p for p in model.parameters() if of_weights or p.trainable)


def columns(model: Model, watch: Sequence[Watched]) -> tuple[str, ...]:
    """The names of the columns of `EpochResult.watched`: `<kind>/<parameter>`, kind by kind in the order of `watch`."""
    return tuple(f"{kind}/{p.name}" for kind in watch for p in watched_parameters(model, kind))


def pattern(shape: Shape) -> NDArray[np.int8]:
    """1 or -1 for each element, by its index in C order alone: the bits of SHAKE-128, the same on every machine."""
    size = prod(shape)
    drawn = np.frombuffer(hashlib.shake_128(b"twinrun").digest(-(-size // 8)), np.uint8)
    signs: NDArray[np.int8] = np.unpackbits(drawn)[:size].astype(np.int8) * np.int8(2) - np.int8(1)
    return signs.reshape(shape)
