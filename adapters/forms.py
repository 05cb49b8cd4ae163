"""The forms of a schedule that all frameworks share: the framework's own class, and the table of float64 rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.coefficients import steps_of_updates
from adapters.protocol import FloatArray, ScheduleForm
from adapters.reference.schedules import oracle
from adapters.setting import Make, Realisation, Setting, composed, custom, native
from harness.spec.recipe import Update
from harness.spec.schedules import Schedule

TABLE = "float64 table, rounded once"
EXACT_RATES = "the policy is exact, or the arm is in float64, where rates stay float32"
FLOAT_RATE = "learning_rate=float"


@dataclass(frozen=True)
class NativeClass:
    """The framework's own class for the values of a schedule, and the function that makes an instance of it.

    `form` is the name of the form, `by` the public name of the class. `make(word)` returns the argument for an
    optimizer's `learning_rate`. `differs`, where not empty, names the ledger's entry on how the class departs from the
    spec; such a class is checked and never trained with.
    """

    form: str
    by: str
    make: Make
    differs: str = ""


Offer = NativeClass | str  # the class for these values, or the reason why there is none
Classes = Mapping[type[Schedule], Callable[[Any, Setting], Offer]]


def schedule_realisation(offer: Offer, setting: Setting) -> Realisation:
    """How an arm makes a schedule that it trains with, given the framework's class for it."""
    if setting.exact:
        return custom(TABLE, EXACT_RATES)
    if isinstance(offer, str):
        return composed(TABLE, offer)
    if offer.differs:
        return composed(TABLE, f"{offer.by} differs, see the ledger: {offer.differs}")
    return native(offer.by)


def update_rates(update: Update, batches: int) -> FloatArray:
    """The rate of each update of so many batches in float64: those of its schedule times its `rate_factor`."""
    return oracle(update.schedule, steps_of_updates(update, batches)) * update.rate_factor


def rate_table(word: Schedule, steps: int) -> FloatArray:
    """`rate(t)` for t = 0 .. steps - 1 in float64. The caller rounds it once to the framework's precision."""
    return oracle(word, np.arange(steps))


def forms_with_table(
    word: Schedule, forms: Iterable[ScheduleForm], realisation: Realisation
) -> tuple[ScheduleForm, ...]:
    """The framework's forms and the table, of which the one that `realisation` names is marked as used."""
    framework_forms = list(forms)
    table_realisation = Realisation("composed", TABLE, "not needed") if realisation.kind == "native" else realisation
    table = ScheduleForm("table", table_realisation, lambda steps: rate_table(word, int(np.max(steps)) + 1)[steps])
    native_forms = (form for form in framework_forms if form.realisation == realisation and not form.differs)
    used = next(native_forms) if realisation.kind == "native" else table
    return tuple(replace(form, used=form is used) for form in (*framework_forms, table))
