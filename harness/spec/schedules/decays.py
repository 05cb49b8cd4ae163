"""Rates that fall (or stay), step by step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Self

from harness.spec.numbers import Count
from harness.spec.schedules.base import PositiveRate, Rate, Schedule


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
