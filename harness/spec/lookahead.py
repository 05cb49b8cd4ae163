"""Look-ahead: a second set of weights, which follows the optimizer's by a part of the way every few updates.

It comes after the optimizer's rule and before the averaging, and counts updates. It concerns the trainable parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import union_of
from harness.spec.following import Following


class Lookahead(Following):
    """Base of all look-aheads."""

    family: ClassVar[str] = "lookahead"


class NoLookahead(Lookahead):
    """`w` as the optimizer leaves it."""

    kind: Literal["none"] = "none"


class SlowWeights(Lookahead):
    """Lookahead (Zhang et al., 2019): after every `steps`-th update, `s += factor * (w - s); w = s`.

    The slow weights s start at the initial weights. The optimizer's slots stay as they are.
    """

    kind: Literal["slow_weights"] = "slow_weights"
    steps: Annotated[int, Field(ge=1)] = 5
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5

    @classmethod
    def specimens(cls) -> tuple[SlowWeights, ...]:
        return (cls(steps=3, factor=0.5), cls(steps=2, factor=0.8))

    @property
    def name_in_tables(self) -> str:
        return f"{self.kind} every {self.steps}"

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("slow",)

    @property
    def period(self) -> int:
        return self.steps


if TYPE_CHECKING:
    AnyLookahead = Lookahead
else:
    AnyLookahead: Any = union_of(Lookahead)
