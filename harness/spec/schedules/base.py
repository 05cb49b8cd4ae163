"""What all schedules share: the rate is a function of t, the 0-based number of the update about to be applied."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from harness.spec.base import Word

Rate = Annotated[float, Field(ge=0)]
PositiveRate = Annotated[float, Field(gt=0)]


class Schedule(Word):
    """Base of all schedules."""

    family: ClassVar[str] = "schedule"

    def boundaries_of_interest(self) -> tuple[int, ...]:
        """Steps at which the formula changes branch or slope; arms are compared there and one step before and after."""
        return ()


def require_pieces(pieces: str, count: int, steps: str, between: tuple[int, ...]) -> None:
    """Raises ValueError unless the steps between `count` pieces are one fewer and increase.

    `pieces`, `steps`: the names of the fields.
    """
    mistakes = []
    if count != len(between) + 1:
        mistakes.append(f"{pieces} must be one longer than {steps}, got {count} {pieces} and {len(between)} {steps}")
    if any(later <= earlier for earlier, later in pairwise(between)):
        mistakes.append(f"{steps} must increase, got {list(between)}")
    if mistakes:
        raise ValueError("; ".join(mistakes))
