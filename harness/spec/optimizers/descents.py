"""Optimizers that step along the gradient or a velocity of gradients."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from harness.spec.optimizers.base import SLOW_BIASES, Fraction, Optimizer, with_groups

MomentumForm = Literal["rate_outside", "rate_inside"]


class Sgd(Optimizer):
    """`w -= r * g`."""

    kind: Literal["sgd"] = "sgd"

    @classmethod
    def specimens(cls) -> tuple[Sgd, ...]:
        return (cls(), cls(groups=SLOW_BIASES))


class HeavyBall(Optimizer):
    """Momentum (Polyak, 1964), with the place of the rate stated.

    `rate_outside`: `v = mu * v + (1 - dampening) * g`, but `v = g` at the first update; `w -= r * v`.
    `rate_inside`: `v = mu * v - r * g; w += v`; it knows no dampening.
    Without dampening the two are equal while the rate is constant, and part company as soon as it changes.
    """

    kind: Literal["momentum"] = "momentum"
    momentum: Fraction
    form: MomentumForm
    dampening: Fraction = 0.0

    @model_validator(mode="after")
    def _dampened_outside(self) -> HeavyBall:
        if self.dampening and self.form == "rate_inside":
            raise ValueError(f"dampening={self.dampening} goes with form=rate_outside only")
        return self

    @classmethod
    def specimens(cls) -> tuple[HeavyBall, ...]:
        return (
            cls(momentum=0.9, form="rate_outside"),
            cls(momentum=0.9, form="rate_outside", dampening=0.5),
            cls(momentum=0.9, form="rate_inside"),
        )

    @property
    def name_in_tables(self) -> str:
        return with_groups(self, " ".join([self.kind, self.form, *(["dampened"] if self.dampening else [])]))

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",)


class Nesterov(Optimizer):
    """Nesterov momentum in look-ahead form (Sutskever et al., 2013), with the place of the rate stated.

    `rate_outside`: `v = mu * v + g; w -= r * (g + mu * v)`.
    `rate_inside`: `v = mu * v - r * g; w += mu * v - r * g`.
    """

    kind: Literal["nesterov"] = "nesterov"
    momentum: Fraction
    form: MomentumForm

    @classmethod
    def specimens(cls) -> tuple[Nesterov, ...]:
        return (cls(momentum=0.9, form="rate_outside"), cls(momentum=0.9, form="rate_inside"))

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",)
