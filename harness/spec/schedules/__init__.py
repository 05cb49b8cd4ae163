"""Learning-rate schedules: the rate as a function of t, the 0-based number of the update about to be applied.

Every formula is meant in exact arithmetic; `adapters/reference/schedules.py` evaluates it in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.spec.base import union_of
from harness.spec.schedules.base import PositiveRate, Rate, Schedule
from harness.spec.schedules.decays import (
    Constant,
    Exponential,
    InverseTime,
    NaturalExponential,
    Polynomial,
    ReciprocalSquareRoot,
)
from harness.spec.schedules.periodic import Cosine, CosineMinMax, CosineRestarts, OneCycle, Triangular
from harness.spec.schedules.pieces import LinearWarmup, PiecewiseConstant, Sequence, WarmupThen

__all__ = [
    "AnySchedule",
    "Constant",
    "Cosine",
    "CosineMinMax",
    "CosineRestarts",
    "Exponential",
    "InverseTime",
    "LinearWarmup",
    "NaturalExponential",
    "OneCycle",
    "PiecewiseConstant",
    "Polynomial",
    "PositiveRate",
    "Rate",
    "ReciprocalSquareRoot",
    "Schedule",
    "Sequence",
    "Triangular",
    "WarmupThen",
]

if TYPE_CHECKING:
    AnySchedule = Schedule
else:
    AnySchedule: Any = union_of(Schedule)
