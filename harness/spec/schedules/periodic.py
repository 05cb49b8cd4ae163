"""Rates that follow a cosine, or rise and fall between two bounds, once or again and again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from harness.spec.numbers import Count
from harness.spec.schedules.base import Rate, Schedule


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
