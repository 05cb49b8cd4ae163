"""Optimizers: how a weight w moves by its gradient g at rate r; k = t + 1 is the 1-based number of the update.

The rate comes from the schedule, anew at each update. Every slot starts at 0 but where a formula says otherwise, and
every operation is by element but where a norm is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.base import Word, union_of
from harness.spec.groups import MOST_GROUPS, ParameterGroup
from harness.spec.weight_decay import Decayed, DecayFactor

Fraction = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0)]
Accumulator = Annotated[float, Field(ge=0)]
Penalty = Annotated[float, Field(ge=0)]
MomentumForm = Literal["rate_outside", "rate_inside"]
LambDecay = Literal["inside", "decoupled"]
AdamEpsilon = Literal["before_correction", "after_correction", "inside_root"]
RootEpsilon = Literal["inside_root", "outside_root"]

# The groups of specimens.
SLOW_BIASES = (ParameterGroup(parameters=("bias",), rate_factor=0.1),)
UNDECAYED_BIASES = (ParameterGroup(parameters=("bias",), weight_decay=0.0),)


class Optimizer(Word):
    """Base of all optimizers. `groups`: parameters with another rate or another factor of the decay."""

    family: ClassVar[str] = "optimizer"
    groups: Annotated[tuple[ParameterGroup, ...], Field(max_length=MOST_GROUPS)] = ()

    @property
    def name_in_tables(self) -> str:
        return _with_groups(self, super().name_in_tables)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The arrays kept for each parameter between updates, in the order in which the formula computes them."""
        return ()


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
        return _with_groups(self, " ".join([self.kind, self.form, *(["dampened"] if self.dampening else [])]))

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
        return _named(self)

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
        return _named(self, "momentum", "centered")

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


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, the form of the end of section 2: epsilon added before the bias is corrected).

    `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2`,
    `w -= r * sqrt(1 - beta2**k) / (1 - beta1**k) * m / (sqrt(v) + epsilon)`.
    `amsgrad` (Reddi et al., 2018): `u = max(u, v)`, of v as it is, uncorrected; and u stands in the root in its place.
    `epsilon_place`: with `c = sqrt(1 - beta2**k)`, the divisor is `sqrt(v) + c * epsilon` with `after_correction`, as
    in their algorithm 1, and `sqrt(v + c**2 * epsilon)` with `inside_root`.
    Without `bias_correction` every `1 - beta**k` is 1.
    """

    kind: Literal["adam"] = "adam"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-7
    epsilon_place: AdamEpsilon = "before_correction"
    bias_correction: bool = True
    amsgrad: bool = False

    @classmethod
    def specimens(cls) -> tuple[Adam, ...]:
        variants: list[Any] = [{"bias_correction": False}]
        variants += [{"epsilon": 1e-3, "epsilon_place": place} for place in ("after_correction", "inside_root")]
        return (cls(), cls(amsgrad=True), *(cls(**fields) for fields in variants), cls(groups=SLOW_BIASES))

    @property
    def name_in_tables(self) -> str:
        return _named(self, "amsgrad")

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment", *(("largest_second_moment",) if self.amsgrad else ()))


class Adamw(Optimizer):
    """AdamW (Loshchilov and Hutter, 2019): `w *= 1 - r * factor` where `decayed` says so, then the rule of adam.

    `epsilon_place` and `bias_correction` are those of adam.
    """

    kind: Literal["adamw"] = "adamw"
    factor: DecayFactor
    decayed: Decayed = "kernels"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-7
    epsilon_place: AdamEpsilon = "before_correction"
    bias_correction: bool = True

    @classmethod
    def specimens(cls) -> tuple[Adamw, ...]:
        all_but_biases = cls(factor=0.01, decayed="all", groups=UNDECAYED_BIASES)
        uncorrected = cls(factor=0.01, bias_correction=False)
        return (cls(factor=0.01), cls(factor=0.01, decayed="all"), uncorrected, all_but_biases)

    @property
    def name_in_tables(self) -> str:
        return _named(self, after=self.decayed)

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment")


class Adamax(Optimizer):
    """Adamax (Kingma and Ba, 2015, section 7.1), with an epsilon beside the maximum.

    `m = beta1 * m + (1 - beta1) * g; u = max(beta2 * u, |g|); w -= r / (1 - beta1**k) * m / (u + epsilon)`.
    """

    kind: Literal["adamax"] = "adamax"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-7

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "infinity_norm")


class Nadam(Optimizer):
    """Adam with Nesterov momentum (Dozat, 2016), whose momentum follows a schedule of its own.

    `mu_k = beta1 * (1 - 0.96**(momentum_decay * k) / 2)`, and `p_k` the product of mu_1 to mu_k;
    `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2`,
    `n = mu_{k+1} * m / (1 - p_{k+1}) + (1 - mu_k) * g / (1 - p_k)`,
    `w -= r * n / (sqrt(v / (1 - beta2**k)) + epsilon)`: epsilon after the correction.
    Dozat has a `momentum_decay` of 0.004; 1 stands for `0.96**k`.
    """

    kind: Literal["nadam"] = "nadam"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-7
    momentum_decay: Annotated[float, Field(ge=0)] = 0.004

    @classmethod
    def specimens(cls) -> tuple[Nadam, ...]:
        return (cls(), cls(momentum_decay=1.0))

    @property
    def name_in_tables(self) -> str:
        stated = "" if self.momentum_decay == 0.004 else f" momentum_decay={self.momentum_decay:g}"
        return _with_groups(self, f"{self.kind}{stated}")

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment")


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
        return _with_groups(self, " ".join([self.kind, *(name for name, value in penalties.items() if value)]))

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


def _with_groups(word: Optimizer, name: str) -> str:
    return f"{name} in groups" if word.groups else name


def _named(word: Any, *flags: str, after: str = "") -> str:
    """The kind, the flags that are set, and the place of epsilon and the bias correction unless they are default."""
    parts = [word.kind, *(name for name in flags if getattr(word, name))]
    usual = type(word).model_fields["epsilon_place"].default
    parts += [] if word.epsilon_place == usual else ["epsilon", word.epsilon_place]
    parts += [] if getattr(word, "bias_correction", True) else ["uncorrected"]
    return _with_groups(word, " ".join([*parts, *([after] if after else [])]))


if TYPE_CHECKING:
    AnyOptimizer = Optimizer
else:
    AnyOptimizer: Any = union_of(Optimizer)
