"""Solves for one number from data: the value at which what is computed equals what was observed.

`solve` takes a smooth computation: the Gauss-Newton method in one unknown, on a scale on which the number is free.
Every evaluation is a run of the reference, so there are few. `scan` takes any computation that is cheap: it searches a
grid, finer and finer, and every whole number near its best.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.records.array_types import FloatArray

# From a value to the differences from what was observed, (n,); None if nothing can be computed with the value.
Residuals = Callable[[float], FloatArray | None]

MOST_STEPS = 16
LONGEST_STEP = 4.0  # on the free scale: a factor of 55
PROBES = (1e-3, 7.0, -7.0)  # changes by which the effect of a number is looked for, the smallest first
CONVERGED = 1e-9
GRID, FINER, DECADES = 97, 25, 6.0


@dataclass(frozen=True)
class Scale:
    """The scale on which a number is free of its limits: its logarithm, the logit between two limits, or itself."""

    kind: str
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, start: float, low: float, high: float) -> Scale:
        if math.isfinite(high) and low < start < high:
            return cls("logit", low, high)
        return cls("logarithm") if start > 0 and low >= 0 and not math.isfinite(high) else cls("plain", low, high)

    def free(self, value: float) -> float:
        if self.kind == "logit":
            return math.log((value - self.low) / (self.high - value))
        return math.log(value) if self.kind == "logarithm" else value

    def value(self, free: float) -> float:
        if self.kind == "logit":
            share = 1 / (1 + math.exp(-max(-700.0, min(700.0, free))))
            return self.low + (self.high - self.low) * share
        return math.exp(max(-700.0, min(700.0, free))) if self.kind == "logarithm" else free

    def holds(self, free: float) -> bool:
        return self.kind != "plain" or self.low <= free <= self.high


def solve(residuals: Residuals, start: float, low: float = -math.inf, high: float = math.inf) -> float | None:
    """The value near which the residuals vanish, from `start`; None if the number has no part in them.

    It is an estimate, as good as the observed data allow: the caller judges whether it explains them.
    """
    scale = Scale.of(start, low, high)
    at = scale.free(start)
    here = residuals(start)
    if here is None or not _size(here):
        return None
    slope = None
    for probe in PROBES if scale.kind != "plain" else (1e-3, 0.1):
        there = residuals(scale.value(at + probe)) if scale.holds(at + probe) else None
        if there is None:
            continue
        slope = _difference(there, here) / probe
        if _size(slope) * abs(probe) > CONVERGED * _size(here):
            if abs(probe) > 1 and _size(there) < _size(here):
                at, here = at + probe, there
            break
        slope = None
    if slope is None:
        return None
    for _ in range(MOST_STEPS):
        step = _step(slope, here)
        moved = None
        while abs(step) > CONVERGED:
            there = residuals(scale.value(at + step)) if scale.holds(at + step) else None
            if there is not None and _size(there) < _size(here):
                moved = there
                break
            step /= 4
        if moved is None:
            break
        slope = _difference(moved, here) / step
        at, here = at + step, moved
        if not _size(here):
            break
    value = scale.value(at)
    return value if value != start else None


def _step(slope: FloatArray, here: FloatArray) -> float:
    usable = np.isfinite(slope) & np.isfinite(here)
    length = float(np.sum(slope[usable] ** 2))
    step = -float(np.sum(slope[usable] * here[usable])) / length if length else 0.0
    return max(-LONGEST_STEP, min(LONGEST_STEP, step))


def _difference(there: FloatArray, here: FloatArray) -> FloatArray:
    difference: FloatArray = there - here
    return np.where(np.isfinite(difference), difference, 0.0)


def _size(residuals: FloatArray) -> float:
    return float(np.sqrt(np.sum(np.where(np.isfinite(residuals), residuals, 0.0) ** 2)))


def scan(
    distance: Callable[[float], float], start: float, low: float, high: float, is_whole: bool = False
) -> float | None:
    """The value between the limits with the least distance: over a grid of ratios to `start`, then finer around it.

    With `start` 0 the grid is of the values themselves up to the limit, or 1. Whole numbers are tried one by one in the
    end, so that steps of the distance mislead nothing.
    """
    if start > 0:
        grid = start * 10 ** np.linspace(-DECADES, DECADES, 2 * GRID - 1)
        width = 10 ** (2 * DECADES / (2 * GRID - 2))
    else:
        grid, width = np.linspace(0, min(high, 1.0), GRID)[1:], 1 + 1 / 4
    best = _least(distance, _within(grid, low, high, is_whole))
    if best is None:
        return None
    while width > 1 + 1e-10:
        finer = best * np.linspace(1 / width, width, FINER)
        best = _least(distance, _within(np.append(finer, best), low, high, is_whole))
        assert best is not None
        width = 1 + (width - 1) / 5
        if is_whole and best * (width - 1) < FINER:
            break
    if is_whole:
        near = np.arange(best - FINER, best + FINER + 1)
        best = _least(distance, _within(near, low, high, is_whole))
    return best if best != start else None


def _within(values: FloatArray, low: float, high: float, is_whole: bool) -> FloatArray:
    rounded = np.unique(np.round(values)) if is_whole else values
    inside: FloatArray = rounded[(rounded >= low) & (rounded <= high)]
    return inside[inside > 0] if is_whole else inside


def _least(distance: Callable[[float], float], values: FloatArray) -> float | None:
    distances = [distance(float(value)) for value in values]
    finite = [each if math.isfinite(each) else math.inf for each in distances]
    if not finite or min(finite) == math.inf:
        return None
    return float(values[int(np.argmin(finite))])
