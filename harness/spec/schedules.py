"""Learning-rate schedules: the rate as a function of t, the 0-based number of the update about to be applied.

Every formula is meant in exact arithmetic; `adapters/reference/schedules.py` evaluates it in float64.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from harness.spec.base import Word, union_of
from harness.spec.numbers import Count

Rate = Annotated[float, Field(ge=0)]
PositiveRate = Annotated[float, Field(gt=0)]


class Schedule(Word):
    """Base of all schedules."""

    family: ClassVar[str] = "schedule"

    def boundaries_of_interest(self) -> tuple[int, ...]:
        """Steps at which the formula changes branch or slope; arms are compared there and one step before and after."""
        return ()


class Constant(Schedule):
    """`rate(t) = rate`."""

    kind: Literal["constant"] = "constant"
    rate: Rate

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (cls(rate=0.1),)


class Exponential(Schedule):
    """`rate(t) = initial_rate * decay_rate ** p`, `p = t / decay_steps`, or `floor(t / decay_steps)` if `staircase`."""

    kind: Literal["exponential"] = "exponential"
    initial_rate: Rate
    decay_rate: PositiveRate
    decay_steps: Count
    staircase: bool = False

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return tuple(self.decay_steps * i for i in (1, 2, 3))

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(
            cls(initial_rate=0.1, decay_rate=0.5, decay_steps=100, staircase=staircase) for staircase in (False, True)
        )


class NaturalExponential(Schedule):
    """`rate(t) = initial_rate * exp(-decay_rate * s)`; s is t, or `D * floor(t / D)` if `staircase`; D is decay_steps.

    Without `staircase`, `decay_steps` has no effect on the rate.
    """

    kind: Literal["natural_exponential"] = "natural_exponential"
    initial_rate: Rate
    decay_rate: Rate
    decay_steps: Count = 1
    staircase: bool = False

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return tuple(self.decay_steps * i for i in (1, 2, 3))

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(
            cls(initial_rate=0.1, decay_rate=0.01, decay_steps=100, staircase=staircase) for staircase in (False, True)
        )


class InverseTime(Schedule):
    """`rate(t) = initial_rate / (1 + decay_rate * p)`; p is `t / decay_steps`, or its floor if `staircase`."""

    kind: Literal["inverse_time"] = "inverse_time"
    initial_rate: Rate
    decay_rate: Rate
    decay_steps: Count
    staircase: bool = False

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return tuple(self.decay_steps * i for i in (1, 2, 3))

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(
            cls(initial_rate=0.1, decay_rate=0.5, decay_steps=100, staircase=staircase) for staircase in (False, True)
        )


class Polynomial(Schedule):
    """`rate(t) = (initial_rate - end_rate) * (1 - min(t, D) / D) ** power + end_rate`.

    `D = decay_steps`; with `cycle`, `D = decay_steps * max(1, ceil(t / decay_steps))`, so that the rate rises again
    after each multiple of `decay_steps`.
    """

    kind: Literal["polynomial"] = "polynomial"
    initial_rate: Rate
    end_rate: Rate
    decay_steps: Count
    power: Annotated[float, Field(gt=0)] = 1.0
    cycle: bool = False

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.decay_steps, 2 * self.decay_steps)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(
            cls(initial_rate=0.1, end_rate=0.01, decay_steps=100, power=power, cycle=cycle)
            for power, cycle in ((1.0, False), (0.5, False), (2.0, True))
        )


class Cosine(Schedule):
    """`rate(t) = initial_rate * (f + (1 - f) / 2 * (1 + cos(pi * min(t, D) / D)))`; f is floor_ratio, D decay_steps.

    Loshchilov and Hutter, SGDR, 2017 (one period). `floor_ratio` is a fraction of `initial_rate`.
    """

    kind: Literal["cosine"] = "cosine"
    initial_rate: Rate
    decay_steps: Count
    floor_ratio: Annotated[float, Field(ge=0, le=1)] = 0.0

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.decay_steps,)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(cls(initial_rate=0.1, decay_steps=100, floor_ratio=floor) for floor in (0.0, 0.1))


class CosineMinMax(Schedule):
    """`rate(t) = minimum + (maximum - minimum) / 2 * (1 + cos(pi * min(t, D) / D))`, `D = decay_steps`."""

    kind: Literal["cosine_min_max"] = "cosine_min_max"
    minimum: Rate
    maximum: Rate
    decay_steps: Count

    @model_validator(mode="after")
    def _ordered(self) -> CosineMinMax:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum must not exceed maximum, got minimum={self.minimum}, maximum={self.maximum}")
        return self

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.decay_steps,)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (cls(minimum=0.01, maximum=0.1, decay_steps=100),)


class CosineRestarts(Schedule):
    """Cosine with warm restarts (Loshchilov and Hutter, SGDR, 2017).

    Period i (i = 0, 1, ...) lasts `first_period * period_factor ** i` steps and peaks at
    `initial_rate * peak_factor ** i`; with x in [0, 1) the fraction of the period done,
    `rate = initial_rate * (floor_ratio + (1 - floor_ratio) / 2 * peak_factor ** i * (1 + cos(pi * x)))`.
    """

    kind: Literal["cosine_restarts"] = "cosine_restarts"
    initial_rate: Rate
    first_period: Count
    period_factor: Annotated[float, Field(ge=1)] = 2.0
    peak_factor: Annotated[float, Field(gt=0)] = 1.0
    floor_ratio: Annotated[float, Field(ge=0, le=1)] = 0.0

    def boundaries_of_interest(self) -> tuple[int, ...]:
        starts, period = [0.0], float(self.first_period)
        for _ in range(4):
            starts.append(starts[-1] + period)
            period *= self.period_factor
        return tuple(int(start) for start in starts[1:])

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(
            cls(initial_rate=0.1, first_period=50, period_factor=factor, peak_factor=peak)
            for factor, peak in ((1.0, 1.0), (1.0, 0.5), (2.0, 1.0))
        )


class PiecewiseConstant(Schedule):
    """`values[i]` between `boundaries[i-1]` and `boundaries[i]`; `values[-1]` after the last boundary.

    `boundary = inclusive`: the step equal to a boundary still has the value before it (`t <= b`).
    `boundary = exclusive`: the step equal to a boundary already has the value after it (`t < b`).
    """

    kind: Literal["piecewise_constant"] = "piecewise_constant"
    boundaries: tuple[Count, ...] = Field(min_length=1)
    values: tuple[Rate, ...]
    boundary: Literal["inclusive", "exclusive"]

    @model_validator(mode="after")
    def _consistent(self) -> PiecewiseConstant:
        mistakes = []
        if len(self.values) != len(self.boundaries) + 1:
            counts = f"{len(self.values)} values and {len(self.boundaries)} boundaries"
            mistakes.append(f"values must be one longer than boundaries, got {counts}")
        if any(later <= earlier for earlier, later in pairwise(self.boundaries)):
            mistakes.append(f"boundaries must increase, got {list(self.boundaries)}")
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return self.boundaries

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (
            cls(boundaries=(100, 200), values=(0.1, 0.01, 0.001), boundary="inclusive"),
            cls(boundaries=(100, 200), values=(0.1, 0.01, 0.001), boundary="exclusive"),
        )


if TYPE_CHECKING:
    Followable = Schedule
else:
    Followable = union_of(Schedule)


class LinearWarmup(Schedule):
    """`rate(t) = start_rate + (target_rate - start_rate) * min(t, W) / W`, `W = warmup_steps`; then constant."""

    kind: Literal["linear_warmup"] = "linear_warmup"
    target_rate: Rate
    warmup_steps: Count
    start_rate: Rate = 0.0

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.warmup_steps,)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(cls(target_rate=0.1, warmup_steps=100, start_rate=start) for start in (0.0, 0.01))


class WarmupThen(Schedule):
    """Linear warm-up to the first rate of another schedule, then that schedule from its own step 0, or from step W.

    `rate(t) = start_rate + (then(0) - start_rate) * t / W` for `t < W`, `W = warmup_steps`. From `t = W` it is
    `then(t - W)`; without `shifts` it is `then(t)`: the warm-up replaces the first steps of the schedule.
    """

    kind: Literal["warmup_then"] = "warmup_then"
    warmup_steps: Count
    start_rate: Rate = 0.0
    then: Followable
    shifts: bool = True

    @property
    def name_in_tables(self) -> str:
        return f"warmup_then {self.then.name_in_tables}{'' if self.shifts else ' unshifted'}"

    @property
    def first_of_then(self) -> int:
        """The step of the whole at which the schedule that follows would be at its step 0."""
        return self.warmup_steps if self.shifts else 0

    def boundaries_of_interest(self) -> tuple[int, ...]:
        later = (self.first_of_then + step for step in self.then.boundaries_of_interest())
        return (self.warmup_steps, *later)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        cosine = Cosine(initial_rate=0.1, decay_steps=100)
        return (
            cls(warmup_steps=50, then=cosine),
            cls(warmup_steps=50, then=InverseTime.specimens()[0]),
            cls(warmup_steps=50, then=cosine, shifts=False),
        )


if TYPE_CHECKING:
    AnySchedule = Schedule
else:
    AnySchedule: Any = union_of(Schedule)
