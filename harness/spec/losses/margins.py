"""Losses of the margin by which the right side or class wins."""

from __future__ import annotations

from typing import ClassVar, Literal

from harness.spec.losses.base import Loss, Nonnegative, TargetsDomain


class Hinge(Loss):
    """`l = mean_j max(1 - t_j p_j, 0)` for t_j of -1 and +1; the gradient where t_j p_j = 1 is that of below."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["hinge"] = "hinge"


class SquaredHinge(Loss):
    """`l = mean_j max(1 - t_j p_j, 0) ** 2` for t_j of -1 and +1."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["squared_hinge"] = "squared_hinge"


class CategoricalHinge(Loss):
    """`l = max(1 + max_{j != c} p_j - p_c, 0)` for a sample of class c; rivals that are equal share the gradient.

    With `zero_competes`, 0 is one of the rivals. The gradient where the margin is exactly 1 is that of below. Source:
    Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """

    targets_domain: ClassVar[TargetsDomain] = "one_hot"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["categorical_hinge"] = "categorical_hinge"
    zero_competes: bool = False

    @classmethod
    def variants(cls) -> tuple[CategoricalHinge, ...]:
        return cls(), cls(zero_competes=True)

    def misfit(self, last_activation: str, width: int) -> str:
        if width < 2:
            return "categorical_hinge compares classes, but the model has one output"
        return super().misfit(last_activation, width)


class Exponential(Loss):
    """`l = mean_j exp(-t_j p_j)` for t_j of -1 and +1."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["exponential"] = "exponential"
