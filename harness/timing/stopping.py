"""When a bench has timed enough rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.timing.intervals import Interval

Ended = Literal["precision", "budget"]


def why_ended(
    ratios: Sequence[Interval],
    *,
    rounds: int,
    fewest_rounds: int,
    precision: float,
    elapsed_s: float,
    round_s: float,
    budget_s: float,
) -> Ended | None:
    """Why no other round begins after `rounds` of them; None where one does.

    `precision`: every ratio's interval reaches at most this share of the ratio to either side, and there are at least
    `fewest_rounds`. Before that an interval may be narrow by luck. `budget`: another round, which takes about
    `round_s`, would end after `budget_s`; it ends the bench also before `fewest_rounds`.

    A width that is looked at after every round is a little too narrow when it stops: see `tests/unit/timing`.
    """
    if ratios and rounds >= fewest_rounds and all(ratio.relative_half_width <= precision for ratio in ratios):
        return "precision"
    return "budget" if elapsed_s + round_s > budget_s else None
