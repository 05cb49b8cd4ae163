"""Optimizers: how a weight w moves by its gradient g at rate r; k = t + 1 is the 1-based number of the update.

The rate comes from the schedule. Every slot starts at 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of

Momentum = Annotated[float, Field(ge=0, lt=1)]
MomentumForm = Literal["rate_outside", "rate_inside"]


class Optimizer(Word):
    """Base of all optimizers."""

    family: ClassVar[str] = "optimizer"


class Sgd(Optimizer):
    """`w -= r * g`."""

    kind: Literal["sgd"] = "sgd"


class HeavyBall(Optimizer):
    """Momentum (Polyak, 1964), with the place of the rate stated.

    `rate_outside`: `v = mu * v + g; w -= r * v`. `rate_inside`: `v = mu * v - r * g; w += v`.
    The two are equal while the rate is constant and part company as soon as it changes.
    """

    kind: Literal["momentum"] = "momentum"
    momentum: Momentum
    form: MomentumForm


class Nesterov(Optimizer):
    """Nesterov momentum in look-ahead form (Sutskever et al., 2013), with the place of the rate stated.

    `rate_outside`: `v = mu * v + g; w -= r * (g + mu * v)`.
    `rate_inside`: `v = mu * v - r * g; w += mu * v - r * g`.
    """

    kind: Literal["nesterov"] = "nesterov"
    momentum: Momentum
    form: MomentumForm


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, the form of the end of section 2: epsilon added before the bias is corrected).

    `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2`,
    `w -= r * sqrt(1 - beta2**k) / (1 - beta1**k) * m / (sqrt(v) + epsilon)`.
    """

    kind: Literal["adam"] = "adam"
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: Annotated[float, Field(gt=0)] = 1e-7


if TYPE_CHECKING:
    AnyOptimizer = Optimizer
else:
    AnyOptimizer: Any = union_of(Optimizer)
