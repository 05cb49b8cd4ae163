"""Adam and the optimizers after it: a mean of the gradients, divided by a measure of their size."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.spec.optimizers.base import (
    SLOW_BIASES,
    UNDECAYED_BIASES,
    AdamEpsilon,
    Epsilon,
    Fraction,
    Optimizer,
    named,
    with_groups,
)
from harness.spec.weight_decay import Decayed, DecayFactor


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
        return named(self, "amsgrad")

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
        return named(self, after=self.decayed)

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
        return with_groups(self, f"{self.kind}{stated}")

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment")
