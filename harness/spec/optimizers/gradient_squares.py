"""Optimizers that divide by the root of the squared gradients so far: their sum, or a mean that forgets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.optimizers.base import Epsilon, Fraction, Optimizer, RootEpsilon, named

Accumulator = Annotated[float, Field(ge=0)]


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011): `a += g**2; w -= r * g / sqrt(a + epsilon)`, a from `initial_accumulator`.

    With `epsilon_place = outside_root` it is `sqrt(a) + epsilon` that divides.
    """

    kind: Literal["adagrad"] = "adagrad"
    initial_accumulator: Accumulator = 0.1
    epsilon: Epsilon = 1e-7
    epsilon_place: RootEpsilon = "inside_root"

    @classmethod
    def specimens(cls) -> tuple[Adagrad, ...]:
        return (cls(), cls(epsilon=1e-3, epsilon_place="outside_root"))

    @property
    def name_in_tables(self) -> str:
        return named(self)

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("accumulator",)


class Rmsprop(Optimizer):
    """RMSProp (Hinton, 2012) in three versions: plain, with momentum, centered (Graves, 2013).

    `v = rho * v + (1 - rho) * g**2`; `s = r * g / sqrt(v + epsilon)`; `w -= s`.
    With `momentum` mu above 0: `m = mu * m + s; w -= m`.
    `centered`: also `a = rho * a + (1 - rho) * g`, and `v - a**2` stands in the root in place of v.
    With `epsilon_place = outside_root` it is `sqrt(v) + epsilon` that divides.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    centered: bool = False
    epsilon: Epsilon = 1e-7
    epsilon_place: RootEpsilon = "inside_root"

    @classmethod
    def specimens(cls) -> tuple[Rmsprop, ...]:
        outside = cls(momentum=0.9, epsilon=1e-3, epsilon_place="outside_root")
        return (cls(), cls(momentum=0.9), cls(centered=True, epsilon=1e-3), outside)

    @property
    def name_in_tables(self) -> str:
        return named(self, "momentum", "centered")

    @property
    def slot_names(self) -> tuple[str, ...]:
        slots = {"mean_square": True, "mean_gradient": self.centered, "velocity": self.momentum > 0}
        return tuple(name for name, is_present in slots.items() if is_present)


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012), with a rate, which the paper has at 1.

    `a = rho * a + (1 - rho) * g**2; s = sqrt(d + epsilon) / sqrt(a + epsilon) * g`,
    `d = rho * d + (1 - rho) * s**2; w -= r * s`.
    """

    kind: Literal["adadelta"] = "adadelta"
    rho: Fraction = 0.95
    epsilon: Epsilon = 1e-6

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("mean_square_gradient", "mean_square_step")
