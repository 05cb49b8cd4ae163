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


def _require_pieces(pieces: str, count: int, steps: str, between: tuple[int, ...]) -> None:
    """Raises ValueError unless the steps between `count` pieces are one fewer and increase.

    `pieces`, `steps`: the names of the fields.
    """
    mistakes = []
    if count != len(between) + 1:
        mistakes.append(f"{pieces} must be one longer than {steps}, got {count} {pieces} and {len(between)} {steps}")
    if any(later <= earlier for earlier, later in pairwise(between)):
        mistakes.append(f"{steps} must increase, got {list(between)}")
    if mistakes:
        raise ValueError("; ".join(mistakes))


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
        _require_pieces("values", len(self.values), "boundaries", self.boundaries)
        return self

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return self.boundaries

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (
            cls(boundaries=(100, 200), values=(0.1, 0.01, 0.001), boundary="inclusive"),
            cls(boundaries=(100, 200), values=(0.1, 0.01, 0.001), boundary="exclusive"),
        )


class OneCycle(Schedule):
    """A rise to the maximum, then a fall below the initial rate; one cycle of a training (Smith and Topin, 2019).

    With `W = warmup_steps`, `D = decay_steps`: `rate(t) = initial_rate + (maximum - initial_rate) * h(t / W)` for
    `t < W`, then `maximum + (final_rate - maximum) * h(min(t - W, D) / D)`. `shape = cosine`:
    `h(x) = (1 - cos(pi * x)) / 2`, `linear`: `h(x) = x`, as in the paper.
    """

    kind: Literal["one_cycle"] = "one_cycle"
    initial_rate: Rate
    maximum: Rate
    final_rate: Rate
    warmup_steps: Count
    decay_steps: Count
    shape: Literal["cosine", "linear"] = "cosine"

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.warmup_steps, self.warmup_steps + self.decay_steps)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        stated = {"initial_rate": 0.004, "maximum": 0.1, "final_rate": 0.00001, "warmup_steps": 30, "decay_steps": 70}
        return tuple(cls.model_validate({**stated, "shape": shape}) for shape in ("cosine", "linear"))


class Triangular(Schedule):
    """A rate that rises and falls between two bounds, cycle by cycle (Smith, 2017).

    With `S = half_period`, `i = floor(t / (2 S))` and `u = t - 2 S i`:
    `rate(t) = minimum + (maximum - minimum) * peak_factor ** i * s`, s being `u / S` for `u <= S`, else `2 - u / S`. A
    `peak_factor` of 1 is the paper's `triangular`, of 0.5 its `triangular2`.
    """

    kind: Literal["triangular"] = "triangular"
    minimum: Rate
    maximum: Rate
    half_period: Count
    peak_factor: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum must not exceed maximum, got minimum={self.minimum}, maximum={self.maximum}")
        return self

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return tuple(self.half_period * number for number in (1, 2, 3, 4))

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return tuple(cls(minimum=0.01, maximum=0.1, half_period=40, peak_factor=factor) for factor in (1.0, 0.5))


class ReciprocalSquareRoot(Schedule):
    """`rate(t) = peak_rate * min(k / W, sqrt(W / k))` with `k = t + 1`, `W = warmup_steps` (Vaswani et al., 2017).

    The paper's rate, also called Noam's, has `peak_rate = 1 / sqrt(d_model * W)`.
    """

    kind: Literal["reciprocal_square_root"] = "reciprocal_square_root"
    peak_rate: Rate
    warmup_steps: Count

    def boundaries_of_interest(self) -> tuple[int, ...]:
        return (self.warmup_steps - 1,) if self.warmup_steps > 1 else ()

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (cls(peak_rate=0.1, warmup_steps=50),)


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
    Part = Schedule
else:
    Part = union_of(Schedule)


class Sequence(Schedule):
    """Schedules one after another: `rate(t) = schedules[i](t - milestones[i - 1])`, each from its own step 0.

    i is the number of milestones that are at most t; the first schedule begins at step 0.
    """

    kind: Literal["sequence"] = "sequence"
    schedules: tuple[Part, ...] = Field(min_length=2, max_length=50)
    milestones: tuple[Count, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Sequence:
        _require_pieces("schedules", len(self.schedules), "milestones", self.milestones)
        return self

    @property
    def starts(self) -> tuple[int, ...]:
        """The step at which each schedule begins."""
        return (0, *self.milestones)

    @property
    def name_in_tables(self) -> str:
        return f"sequence ({'; '.join(part.name_in_tables for part in self.schedules)})"

    def boundaries_of_interest(self) -> tuple[int, ...]:
        ends = (*self.milestones, None)
        within = [
            start + step
            for part, start, end in zip(self.schedules, self.starts, ends, strict=True)
            for step in part.boundaries_of_interest()
            if end is None or start + step < end
        ]
        return tuple(sorted({*self.milestones, *within}))

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        warmup = LinearWarmup(target_rate=0.1, warmup_steps=20)
        fall = Exponential(initial_rate=0.1, decay_rate=0.5, decay_steps=10, staircase=True)
        return (
            cls(schedules=(warmup, Constant(rate=0.1), Cosine(initial_rate=0.1, decay_steps=50)), milestones=(20, 50)),
            cls(schedules=(Triangular.specimens()[0], fall), milestones=(60,)),
        )


if TYPE_CHECKING:
    AnySchedule = Schedule
else:
    AnySchedule: Any = union_of(Schedule)
