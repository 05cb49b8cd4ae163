"""Rates made of pieces: constants, a warm-up, and other schedules one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from harness.spec.base import union_of
from harness.spec.numbers import Count
from harness.spec.schedules.base import Rate, Schedule, require_pieces
from harness.spec.schedules.decays import Constant, Exponential, InverseTime
from harness.spec.schedules.periodic import Cosine, Triangular


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
        require_pieces("values", len(self.values), "boundaries", self.boundaries)
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
        require_pieces("schedules", len(self.schedules), "milestones", self.milestones)
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
