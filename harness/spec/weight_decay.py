"""Weight decay: coupled (it goes through the optimizer) and decoupled (it does not) are two different things.

`decayed` states which parameters decay: `kernels` (whose name ends in "kernel": no biases, no scales) or `all`. r is
the rate of the update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of

Decayed = Literal["kernels", "all"]
DecayFactor = Annotated[float, Field(ge=0)]


def decays(decayed: Decayed, name: str) -> bool:
    """Whether the parameter of that name decays."""
    return decayed == "all" or name.endswith("kernel")


class WeightDecay(Word):
    """Base of all weight decays. They come after the clipping and before the optimizer's rule."""

    family: ClassVar[str] = "weight_decay"


class NoWeightDecay(WeightDecay):
    """`w` and `g` as they are."""

    kind: Literal["none"] = "none"


class Coupled(WeightDecay):
    """`g += factor * w`: the gradient of `factor / 2 * ||w||**2`, and subject to the optimizer's rule."""

    kind: Literal["coupled"] = "coupled"
    factor: DecayFactor
    decayed: Decayed = "kernels"

    @classmethod
    def specimens(cls) -> tuple[Coupled, ...]:
        return (cls(factor=0.01), cls(factor=0.01, decayed="all"))


class Decoupled(WeightDecay):
    """`w *= 1 - r * factor`, before the optimizer's rule (Loshchilov and Hutter, 2019)."""

    kind: Literal["decoupled"] = "decoupled"
    factor: DecayFactor
    decayed: Decayed = "kernels"

    @classmethod
    def specimens(cls) -> tuple[Decoupled, ...]:
        return (cls(factor=0.01), cls(factor=0.01, decayed="all"))


class RateFree(Decoupled):
    """`w *= 1 - factor`, before the optimizer's rule: decoupled, but it does not follow the rate.

    The decay of the optimizers in TensorFlow Addons (`DecoupledWeightDecayExtension`).
    """

    kind: Literal["rate_free"] = "rate_free"  # type: ignore[assignment]

    @classmethod
    def specimens(cls) -> tuple[RateFree, ...]:
        return (cls(factor=0.001), cls(factor=0.001, decayed="all"))


if TYPE_CHECKING:
    AnyWeightDecay = WeightDecay
else:
    AnyWeightDecay: Any = union_of(WeightDecay)
