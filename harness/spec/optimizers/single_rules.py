"""Optimizers each alone in its kind: a regularised leader, signs, lengths of tensors, a descent made for averages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.spec.optimizers.base import Epsilon, Fraction, Optimizer, with_groups
from harness.spec.weight_decay import Decayed, DecayFactor

Penalty = Annotated[float, Field(ge=0)]
LambDecay = Literal["inside", "decoupled"]


class Ftrl(Optimizer):
    """Follow the regularised leader (McMahan et al., 2013), each coordinate with a rate of its own.

    With p = -learning_rate_power, a from `initial_accumulator`:
    `b = a + g**2; z += g - (b**p - a**p) / r * w; a = b`,
    `w = (clip(z, -l1, l1) - z) / (b**p / r + 2 * l2)`.
    A changing rate enters as it stands at the update, in both places; a rate of 0 has no meaning.
    """

    kind: Literal["ftrl"] = "ftrl"
    l1: Penalty = 0.0
    l2: Penalty = 0.0
    initial_accumulator: Annotated[float, Field(gt=0)] = 0.1
    learning_rate_power: Annotated[float, Field(le=0)] = -0.5

    @classmethod
    def specimens(cls) -> tuple[Ftrl, ...]:
        return (cls(), cls(l1=0.01, l2=0.01))

    @property
    def name_in_tables(self) -> str:
        penalties = {"l1": self.l1, "l2": self.l2}
        return with_groups(self, " ".join([self.kind, *(name for name, value in penalties.items() if value)]))

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("accumulator", "linear")


class Lion(Optimizer):
    """Lion (Chen et al., 2023): `w -= r * sign(beta1 * m + (1 - beta1) * g); m = beta2 * m + (1 - beta2) * g`.

    The sign of 0 is 0. A weight decay is a word of its own.
    """

    kind: Literal["lion"] = "lion"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.99

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment",)


class Lamb(Optimizer):
    """LAMB (You et al., 2020): Adam's step, given the length of the weights, tensor by tensor.

    `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2`,
    `u = m / (1 - beta1**k) / (sqrt(v / (1 - beta2**k)) + epsilon)`,
    `w -= r * ||w|| / ||u|| * u`, the quotient 1 where either norm is 0.
    `decay`, where `decayed` says so: `inside` has `u += factor * w` before the norms, as in the paper;
    `decoupled` has `w *= 1 - r * factor` before the rule.
    """

    kind: Literal["lamb"] = "lamb"
    factor: DecayFactor
    decay: LambDecay
    decayed: Decayed = "kernels"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-6

    @classmethod
    def specimens(cls) -> tuple[Lamb, ...]:
        return (cls(factor=0.01, decay="inside"), cls(factor=0.01, decay="decoupled"))

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment")


class Rprop(Optimizer):
    """Resilient propagation (Riedmiller and Braun, 1993, without weight backtracking): the signs of g alone count.

    `s *= eta_plus` where g has the sign it had before, `s *= eta_minus` where it has the other one, and s is clipped
    to [min_step, max_step]. Where the sign turned, g counts as 0, now and as the one before. `w -= sign(g) * s`.
    s starts at the rate of the first update, and no later rate enters.
    """

    kind: Literal["rprop"] = "rprop"
    eta_minus: Annotated[float, Field(gt=0, lt=1)] = 0.5
    eta_plus: Annotated[float, Field(gt=1)] = 1.2
    min_step: Annotated[float, Field(gt=0)] = 1e-6
    max_step: Annotated[float, Field(gt=0)] = 50.0

    @model_validator(mode="after")
    def _ordered(self) -> Rprop:
        if self.min_step > self.max_step:
            raise ValueError(f"min_step must not exceed max_step, got {self.min_step} and {self.max_step}")
        return self

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("step_size", "sign")


class Asgd(Optimizer):
    """The descent of averaged SGD (Polyak and Juditsky, 1992; the rate after Bottou).

    `w = (1 - lambd * e_k) * w - e_k * g`, with e_1 = r and then `e_{k+1} = r / (1 + lambd * r * k)**alpha` of the rate
    r at update k: a changing rate enters one update late. The average of all w is a sequence of its own, which never
    enters w, and is not kept.
    """

    kind: Literal["asgd"] = "asgd"
    lambd: Annotated[float, Field(ge=0)] = 1e-4
    alpha: Annotated[float, Field(ge=0)] = 0.75
