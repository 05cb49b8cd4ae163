"""What the schedule forms of every adapter have in common: the float64 table, and which classes take which values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
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


def with_table(word: Schedule, forms: Iterable[ScheduleForm], made: Realisation) -> tuple[ScheduleForm, ...]:
    """The framework's forms and the table, with the one marked that is used: how the word is `made` says which."""
    offered = list(forms)
    of_table = Realisation("composed", TABLE, "not needed") if made.kind == "native" else made
    table = ScheduleForm("table", of_table, lambda steps: rate_table(word, int(np.max(steps)) + 1)[steps])
    fitting = (form for form in offered if form.realisation == made and not form.differs)
    used = next(fitting) if made.kind == "native" else table
    return tuple(replace(form, used=form is used) for form in (*offered, table))


def accepted(offers: Offers, *arguments: Any) -> dict[str, Any]:
    """What the offers give for the arguments; those that refuse the schedule's values are left out."""
    given = {}
    for name, call in offers.items():
        try:
            given[name] = call(*arguments)
        except (ValueError, TypeError):  # say, an end rate above the initial one
            continue
    return given
