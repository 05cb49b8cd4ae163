"""Differences whose terms cancel exactly, and what rounding may leave of them in another float32 arithmetic.

For a single sample `x - mean(x)` is exactly 0, and so is its error. But Keras computes `x * s - mean(x) * s`, and the
products are rounded at their own size: up to a unit in the last place of a term is left. Such a remainder can be many
times larger than the right value, so the float32 reference must be able to leave one too. Within `leaving` it does.

Samples that are alike need not leave the same: a kernel computes the last of them, which do not fill a vector, by other
instructions. So a negative sign alternates along the axis.

The slope of a function that saturates cancels too: where float32 rounds tanh(x) to 1, `1 - y * y` is 0, and a unit in
the last place of 1 in a framework whose y is the number below 1. An update rule that divides by the size of the
gradient makes a full step of such a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from adapters.protocol import Array
from adapters.reference.contexts import holding

FEW = 8  # units in the last place of 1, of which a slope is known to an eighth or worse
LOST = 2.0**-10  # the share of a term below which a difference has lost ten of its 24 bits
NEAR = 0.25  # differences from 1 whose rounding error is several times that of a number of their own size


@dataclass
class Remainders:
    """`signs`: by draw, 1 or 0 for no remainder, or -1 where the sign alternates along the axis and begins with -1.

    `cancelled`: whether any terms have cancelled.
    """

    signs: tuple[float, ...]
    cancelled: bool = False


_active: ContextVar[Remainders | None] = ContextVar("remainders", default=None)


@contextmanager
def leaving(*signs: float) -> Iterator[Remainders]:
    """Context in which differences that cancel leave a unit in the last place of their terms; one sign for each draw.

    Without this context, and with the sign 0, they leave nothing. Yields what happened so far.
    """
    remainders = Remainders(signs)
    with holding(_active, remainders):
        yield remainders


@contextmanager
def leaving_of(draws: slice) -> Iterator[None]:
    """Context in which only these draws are computed, each with its sign in the context around this one."""
    remainders = _active.get()
    if remainders is None:
        yield
        return
    with leaving(*remainders.signs[draws]) as part:
        yield
    remainders.cancelled |= part.cancelled


def remainder(difference: Array, term: Array, axis: int) -> Array:
    """The float32 `difference`, with a remainder where all of it is 0 along the axis although its terms are not.

    `term`: the first term, of the shape of the difference. Single zeros among other numbers are no cancellation: the
    other numbers show the rounding error.
    """

    def cancelled() -> Array:
        return (difference == 0).all(axis=axis, keepdims=True) & (term != 0)

    def left(rows: Array, signs: Array) -> Array:
        along = np.moveaxis(np.ones_like(difference), axis, -1)
        along[..., ::2] = -1
        alternating = np.moveaxis(along, -1, axis).reshape(rows.shape)
        return _units(term, rows) * np.where(signs < 0, alternating, signs)

    return _moved(difference, cancelled, left)


def nearly_cancelled(difference: Array, term: Array) -> Array:
    """The float32 `difference`, moved by a unit in the last place of its term where it has lost ten bits or more.

    Unlike `remainder` for each number by itself: a softmax saturates in single samples, and its gradient there is what
    is left of two terms that are nearly the same.
    """
    return _moved(
        difference,
        lambda: (np.abs(difference) <= LOST * np.abs(term)) & (term != 0),
        lambda rows, signs: rows + signs * _units(term, rows),
    )


def less_one(power: Array) -> Array:
    """`power - 1` in float32, for powers in (0, 1] of which another exponential may be the neighbour.

    Where the power is near 1 its last place is many times that of the difference. A power of 1 is exact.
    """
    difference, unit = power - 1, np.finfo(power.dtype).epsneg
    return _moved(
        difference,
        lambda: (power < 1) & (difference > -NEAR),
        lambda rows, signs: np.minimum(rows + signs * unit, 0),
    )


def saturated(slope: Array, is_near: Array) -> Array:
    """The float32 `slope`, one minus a number near 1: where it is a few units in the last place of 1, one more, or 0.

    It is 0 where the sign is negative, because a framework may take the function for 1 a little early (TensorFlow its
    tanh from 7.9 on). Unlike `remainder` for each number by itself: a function saturates at single inputs. `is_near`:
    the inputs that are not so far out that every y is rounded to 1.
    """
    unit = np.finfo(slope.dtype).eps
    return _moved(
        slope,
        lambda: (slope <= FEW * unit) & is_near,
        lambda rows, signs: np.where(signs < 0, 0, rows + signs * unit),
    )


def _moved(difference: Array, cancelled: Callable[[], Array], rule: Callable[[Array, Array], Array]) -> Array:
    """The float32 `difference`, and what the rule makes of it where its terms have `cancelled`.

    The rule is given the draws as rows, (draws, numbers), and their signs, (draws, 1). Without a context, and in
    float64, nothing is computed.
    """
    remainders = _active.get()
    if remainders is None or difference.dtype == np.float64:
        return difference
    where = cancelled()
    if not where.any():
        return difference
    remainders.cancelled = True
    signs = np.asarray(remainders.signs, difference.dtype)[:, None]
    moved = rule(difference.reshape(len(signs), -1), signs)
    return np.where(where, moved.reshape(difference.shape), difference)


def _units(term: Array, rows: Array) -> Array:
    """A unit in the last place of each term, in the shape of the rows."""
    return np.spacing(np.abs(term)).reshape(rows.shape)
