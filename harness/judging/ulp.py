"""Units in the last place, and the error measure that every rung uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def ulp(reference: FloatArray, precision: Any) -> FloatArray:
    """The spacing of `precision` at each |reference|, in float64.

    Below the smallest normal number, and at exactly 0, it is the spacing at `eps` times the largest reference value,
    because a zero that is a sum of such values is no more exact than that. Above the largest number it is the spacing
    at that number.
    """
    magnitude = np.abs(np.asarray(reference, np.float64))
    limits = np.finfo(precision)
    largest = np.max(magnitude[np.isfinite(magnitude)], initial=0.0)
    floor = max(float(limits.tiny), float(limits.eps) * float(largest))
    at = np.where(magnitude < limits.tiny, floor, np.minimum(magnitude, np.nextafter(limits.max, limits.tiny))).astype(
        precision
    )
    return np.spacing(at).astype(np.float64)


def shown_ulp(reference: FloatArray, precision: Any) -> FloatArray:
    """The unit in which errors are reported: as `ulp`, but never finer than at `eps` times the largest value.

    Otherwise a value that is small because larger values have cancelled would be reported as billions of units off.
    """
    magnitude = np.abs(np.asarray(reference, np.float64))
    largest = float(np.max(magnitude[np.isfinite(magnitude)], initial=0.0))
    return ulp(np.maximum(magnitude, float(np.finfo(precision).eps) * largest), precision)


def error_against(values: FloatArray, reference: FloatArray) -> FloatArray:
    """|values - reference| in float64, element by element.

    0 where both are NaN or the same infinity; otherwise infinity where either of them is not finite.
    """
    values, reference = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(values - reference)
    same = (values == reference) | (np.isnan(values) & np.isnan(reference))
    return np.where(same, 0.0, np.where(np.isfinite(values) & np.isfinite(reference), error, np.inf))


def largest_error(runs: Iterable[FloatArray], reference: FloatArray) -> FloatArray:
    """The largest `error_against` the reference of several runs, element by element."""
    largest: FloatArray = np.max([error_against(run, reference) for run in runs], axis=0)
    return largest
