"""One run pushed across the kinks near another: what rounding could do to it, done.

Where a slope jumps, two correct runs part for good if rounding puts them on different sides. That is rare, so that a
few disturbed runs may miss it. A `Push` changes `last`, a run's numbers, in place: wherever `first`, those of another
run, are within `reach` of a kink and `last` is on the same side, `last` is moved to the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Array
from adapters.reference.losses import target_rows
from adapters.reference.rectifiers import KINKS
from harness.spec import layers, losses, regularizers
from harness.spec.base import Word

Push = Callable[[Array, Array, float], None]

# A difference beyond half of a number's digits is no rounding.
ROUNDING = float(np.sqrt(np.finfo(np.float32).eps))
# Their slope jumps where a weight is 0, or where an output is equal to its target (-1 or 1 for a hinge).
AT_ZERO = (regularizers.L1, regularizers.L1L2)
AT_TARGET = (losses.MeanAbsoluteError, losses.MeanAbsolutePercentageError, losses.AsymmetricLinear, losses.Hinge)


def pushed(draws: Array, deviations: float, push: Push) -> Array:
    """`draws` (D, ...) with the last one pushed, by so many standard deviations of what rounding does to the others.

    That is how far the nearest of the others is from the first.
    """
    finite = np.isfinite(draws).all(axis=0)  # windows over padding hold infinities
    size = _root_mean_square(draws[0][finite])
    rounding = min((_root_mean_square(each[finite] - draws[0][finite]) for each in draws[1:-1]), default=0.0)
    if not 0 < rounding <= ROUNDING * size:
        return draws
    draws = draws.copy()
    push(draws[0], draws[-1], deviations * rounding)
    return draws


def push_of(word: Word) -> Push:
    """For what goes into an activation of straight pieces, and for the windows (..., cells, channels) of a maximum."""
    return swap_largest if isinstance(word, LARGEST) else partial(_across_kinks, KINKS[type(word)])  # type: ignore[index]


def push_of_loss(word: losses.Loss, y: Array) -> Push | None:
    """For outputs (B, ...), where the loss has kinks."""
    if not isinstance(word, AT_TARGET):
        return None

    def push(first: Array, last: Array, reach: float) -> None:
        kinks = target_rows(word, first.reshape(len(first), -1), y).reshape(first.shape)
        across(first, last, reach, kinks)

    return push


def across(first: Array, last: Array, reach: float, kinks: Any) -> None:
    """Mirrored at the kink."""
    near = (np.abs(first - kinks) <= reach) & ((first > kinks) == (last > kinks))
    np.copyto(last, 2 * np.asarray(kinks, last.dtype) - last, where=near)


def across_zero(first: Array, last: Array, reach: float) -> None:
    """Weights, for a penalty on their absolute values."""
    across(first, last, reach, 0.0)


def swap_largest(first: Array, last: Array, reach: float) -> None:
    """The largest cell of a window and the runner-up change places."""
    if first.shape[-2] < 2:
        return
    order = np.argpartition(first, -2, axis=-2)
    second, largest = order[..., -2:-1, :], order[..., -1:, :]
    with np.errstate(invalid="ignore"):
        lead = np.take_along_axis(first, largest, -2) - np.take_along_axis(first, second, -2)
    one, other = (np.take_along_axis(last, cell, -2) for cell in (largest, second))
    # Where both are the same in every run, as zeros are, rounding has no say.
    near = (lead > 0) & (lead <= reach) & (one > other)
    np.put_along_axis(last, largest, np.where(near, other, one), -2)
    np.put_along_axis(last, second, np.where(near, one, other), -2)


def _across_kinks(kinks: tuple[float, ...], first: Array, last: Array, reach: float) -> None:
    for kink in kinks:
        across(first, last, reach, kink)


def _root_mean_square(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0


LARGEST = (layers.MaxPool2d, layers.GlobalMaxPool2d)
