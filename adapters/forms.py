"""What the schedules of every adapter have in common: the class that a framework offers, and the float64 table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, ScheduleForm
from adapters.reference.schedules import oracle
from adapters.setting import Make, Realisation, Setting, composed, custom, native
from harness.spec.schedules import Schedule

TABLE = "float64 table, rounded once"
EXACT_RATES = "the policy is exact, or the arm is in float64, where rates stay float32"
FLOAT = "learning_rate=float"


@dataclass(frozen=True)
class NativeClass:
    """The framework's own class for the values of a schedule, and the function that makes it.

    `form`: the name of the form that it is; `by`: its public name; `make(word)`: what an optimizer's `learning_rate`
    gets. `differs`, where not empty, names the ledger's entry that says how it is not the spec: it is then checked, and
    not trained with.
    """

    form: str
    by: str
    make: Make
    differs: str = ""


Offer = NativeClass | str  # the class for these values, or why there is none
Classes = Mapping[type[Schedule], Callable[[Any, Setting], Offer]]


def realised(offer: Offer, setting: Setting) -> Realisation:
    """How a schedule is trained with for which the framework has this class."""
    if setting.exact:
        return custom(TABLE, EXACT_RATES)
    if isinstance(offer, str):
        return composed(TABLE, offer)
    if offer.differs:
        return composed(TABLE, f"{offer.by} differs, see the ledger: {offer.differs}")
    return native(offer.by)


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
