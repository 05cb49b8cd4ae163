"""Several runs (draws) computed at once: parameters have a leading axis of draws, samples are joined to one batch.

A parameter of one run has the shape of its spec, one of D runs (D, *shape). A batch of D * B samples holds those of the
first run, then those of the second. A function without parameters needs no change. One with parameters takes the axis
from them, and one that sums all numbers of a tensor uses `summed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray
from adapters.reference.contexts import holding

# Of all layers' outputs in all runs, in bytes. Where they take more, calls are few beside the arithmetic.
AT_ONCE_BYTES = 1 << 25
Factors = tuple[FloatArray, FloatArray]
Push = Callable[[Any, Array], Array]
PushOfSigns = Callable[[Array, float], Array]
_several: ContextVar[bool] = ContextVar("several", default=False)
_push: ContextVar[Push | None] = ContextVar("push", default=None)
_push_of_signs: ContextVar[PushOfSigns | None] = ContextVar("push_of_signs", default=None)


def are_small(outputs: int, itemsize: int) -> bool:
    """Whether runs are computed at once rather than one after the other.

    `outputs`: the numbers that all layers compute in all runs, for a batch. `itemsize`: the bytes of a number.
    """
    return outputs * itemsize <= AT_ONCE_BYTES


@contextmanager
def side_by_side(push: Push | None = None) -> Iterator[None]:
    """Context in which the first axis of every tensor given to `summed` is that of the draws.

    `push` replaces the input (N, ...) of an activation with a kink, or of a maximum, by another of the same shape.
    """
    with holding(_several, True), holding(_push, push):
        yield


def at_kinks(word: Any, x: Array) -> Array:
    """`x`, pushed if a push is active: an input of an activation with a kink, or windows (N, ..., cells, C)."""
    push = _push.get()
    return x if push is None else push(word, x)


@contextmanager
def pushing_signs(push: PushOfSigns | None) -> Iterator[None]:
    """Context in which `push` replaces numbers (D, ...) of which an update rule takes the sign, given their share."""
    with holding(_push_of_signs, push):
        yield


def sign(x: Array, share: float = 1.0) -> Array:
    """-1, 0 or 1 for each number; of numbers that are pushed, if a push of signs is active.

    `share`: that of the last gradient in `x`.
    """
    push = _push_of_signs.get()
    signs: Array = np.sign(x if push is None else push(x, share))
    return signs


def summed(x: Array) -> Any:
    """The sum of all numbers of a run's tensor: () for one run, (D,) for D draws."""
    return x.sum(axis=tuple(range(int(_several.get()), x.ndim)))


def onto(per_run: Any, x: Array) -> Array:
    """A result of `summed`, () or (D,), reshaped to broadcast with the tensor `x` of its run."""
    per_run = np.asarray(per_run)
    return per_run.reshape(*per_run.shape, *(1,) * (x.ndim - per_run.ndim))


def by_draw(x: Array, parameter: Array, axes: int = 1) -> Array:
    """Samples (N, ..., C) as (draws..., rows, C), for a parameter (draws..., *shape) whose shape has `axes` axes."""
    return x.reshape(*parameter.shape[: parameter.ndim - axes], -1, x.shape[-1])


def over_rows(x: Array) -> Array:
    """The sum over the rows of (..., rows, columns), in float32 always added one row after another.

    NumPy adds a single column, which lies in a row in memory, by pairs and therefore more accurately than several.
    """
    if x.shape[-1] == 1 and x.dtype != np.float64:
        added: Array = np.cumsum(x, axis=-2)[..., -1, :]
        return added
    return x.sum(axis=-2)


def projected(x: Array, factors: Factors) -> Any:
    """The projection of a run's tensor (`adapters.digests`): () for one run, (D,) for D draws."""
    rows, columns = (factor.astype(x.dtype) for factor in factors)
    lead = x.shape[: int(_several.get())]
    # The product with the rows makes no copy of the tensor; each run is summed as it would be alone.
    return (np.matmul(rows, x.reshape(*lead, len(rows), len(columns))) * columns).sum(axis=-1)
