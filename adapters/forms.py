"""What the schedule forms of every adapter have in common: the float64 table, and which classes take which values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, ScheduleForm
from adapters.reference.schedules import oracle
from adapters.setting import Realisation
from harness.spec.schedules import Schedule

TABLE = "float64 table, rounded once"
Offers = dict[str, Callable[..., Any]]


def rate_table(word: Schedule, steps: int) -> FloatArray:
    """`rate(t)` for t = 0 .. steps - 1 in float64; whoever feeds it to a framework rounds it once."""
    return oracle(word, np.arange(steps))


def table_form(word: Schedule, exact: bool, fed_as: str) -> ScheduleForm:
    """The table as a form: the `exact` realisation, and under `native` what stands in where no class is right."""
    made = Realisation("custom", TABLE) if exact else Realisation("composed", TABLE, fed_as)
    return ScheduleForm("table", made, lambda steps: rate_table(word, int(np.max(steps)) + 1)[steps])


def accepted(offers: Offers, *arguments: Any) -> dict[str, Any]:
    """What the offers give for the arguments; those that refuse the schedule's values are left out."""
    given = {}
    for name, call in offers.items():
        try:
            given[name] = call(*arguments)
        except (ValueError, TypeError):  # say, an end rate above the initial one
            continue
    return given
