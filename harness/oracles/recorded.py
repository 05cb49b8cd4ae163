"""The oracle of two recorded arms that no reference can judge: it knows only the records.

Equal bits agree. Two float64 arms agree within a strict bound. Float32 values that differ are not judged, because there
is no bound for their rounding errors. The oracle never names a culprit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.judging.quantity import Quantity, same_bits
from harness.judging.tolerances import Tolerance, strict
from harness.oracles.oracle import NO_CULPRIT, ArmValues, Expected, Place
from harness.records.verdict import Verdict
from harness.spec.arm import Arm

EQUAL = "equal bit for bit"
NO_NUMBERS = ("worst_ulp", "ulp_a", "ulp_b", "value_a", "value_b", "tolerance", "error_over_tolerance")


@dataclass(frozen=True)
class Recorded:
    """`quantities`: the recorded values of both arms, by name. `why`: the reason why no reference judges them."""

    a: Arm
    b: Arm
    quantities: Mapping[str, Quantity]
    why: str

    @property
    def claimants(self) -> dict[str, ArmValues]:
        a = ArmValues(self.a, {name: quantity.a for name, quantity in self.quantities.items()})
        b = ArmValues(self.b, {name: quantity.b for name, quantity in self.quantities.items()})
        return {self.a.name: a, self.b.name: b}

    @property
    def is_strict(self) -> bool:
        """Whether both arms are float64, where equal semantics stay within a strict bound."""
        return self.a.precision == self.b.precision == "float64"

    def place(self, name: str, subject: str) -> Place:
        """The place of a quantity; its index is called a step if its values belong to steps."""
        counted = "value" if self.quantities[name].steps is None else "step"
        return Place(subject, tensor="", name_index=lambda index: f"{counted} {index[0]}")

    def expected(self, tensor: str) -> Expected:
        quantity = self.quantities[tensor]
        a, b = quantity.a, quantity.b
        exact = Tolerance(np.zeros(()), EQUAL)
        if same_bits(a, b):
            return Expected(a, {self.a.name: exact, self.b.name: exact}, attribute=_without_numbers)
        if self.is_strict:
            bound = strict(np.full(np.shape(a), np.max(np.abs(a), initial=0.0, where=np.isfinite(a))))
            tolerances = {self.a.name: Tolerance(exact.bound, bound.source), self.b.name: bound}
            return Expected(a, tolerances, attribute=_without_culprit)
        counted = "value" if quantity.steps is None else "step"
        where = f"from {counted} {quantity.first} on" if quantity.first is not None else "in their number"
        difference = f"apart {where}, by up to {quantity.largest:.2g} of the largest value"
        unjudged = f"{difference}; whether that is rounding cannot be said, since {self.why}"
        tolerances = {self.a.name: exact, self.b.name: exact}
        return Expected(a, tolerances, attribute=partial(_unknown, unjudged), unjudged=unjudged)


def _without_culprit(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update=NO_CULPRIT)


def _without_numbers(verdict: Verdict) -> Verdict:
    numbers = dict.fromkeys(NO_NUMBERS)
    return _without_culprit(verdict).model_copy(
        update={**numbers, "worst_index": "", "tolerance_source": EQUAL, "cause": EQUAL}
    )


def _unknown(cause: str, verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"judgement": "undetermined", "tolerance_source": EQUAL, "cause": cause})
