"""Several runs side by side: their parameters have a leading axis of draws, and their samples stand in one long batch.

A parameter of one run has the shape that its spec says, of D runs (D, *shape); D * B samples are those of the first
run, then of the second. What takes no parameter does not notice. What does finds the axis on the parameter; what sums
up all numbers of a tensor says so with `summed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray

Factors = tuple[FloatArray, FloatArray]
Push = Callable[[Any, Array], Array]
_several: ContextVar[bool] = ContextVar("several", default=False)
_push: ContextVar[Push | None] = ContextVar("push", default=None)


@contextmanager
def side_by_side(push: Push | None = None) -> Iterator[None]:
    """Within it the first axis of every tensor that is summed up is that of the draws.

    `push` makes of what goes into an activation with a kink, or into a maximum, what goes there instead; both (N, ...).
    """
    tokens = _several.set(True), _push.set(push)
    try:
        yield
    finally:
        _several.reset(tokens[0])
        _push.reset(tokens[1])


def at_kinks(word: Any, x: Array) -> Array:
    """For where the input of an activation with a kink is known, or the windows (N, ..., cells, C) of a maximum."""
    push = _push.get()
    return x if push is None else push(word, x)


def summed(x: Array) -> Any:
    """The sum of all numbers of a run's tensor: () for one run, (D,) side by side."""
    return x.sum(axis=tuple(range(int(_several.get()), x.ndim)))


def onto(each: Any, x: Array) -> Array:
    """What `summed` gave, shaped to act on a tensor of its run."""
    each = np.asarray(each)
    return each.reshape(*each.shape, *(1,) * (x.ndim - each.ndim))


def by_draw(x: Array, parameter: Array, axes: int = 1) -> Array:
    """Samples (N, ..., C) as (draws..., rows, C) beside a parameter of so many axes of its own, (draws..., *shape)."""
    return x.reshape(*parameter.shape[: parameter.ndim - axes], -1, x.shape[-1])


def projected(x: Array, factors: Factors) -> Any:
    """The projection of a run's tensor (`adapters.digests`): () for one run, (D,) side by side."""
    rows, last = (each.astype(x.dtype) for each in factors)
    lead = x.shape[: int(_several.get())]
    # The product with the rows makes no copy of the tensor; the sum is of each run by itself, as alone.
    return (np.matmul(rows, x.reshape(*lead, len(rows), len(last))) * last).sum(axis=-1)
