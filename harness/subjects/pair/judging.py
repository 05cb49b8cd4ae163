"""From two sides' values to verdicts, where there is no oracle but what each side makes of itself in float64.

A side's own error in float32 is how far it is from the same code in float64. The larger of the two sides' is the
measure, as the reference's own error is elsewhere, as long as it is within `FACTOR` of the smaller: of two models that
are the same function, one that is further from it than that is numerically at fault. Where the two are apart in float64
too, they are different functions; who is wrong cannot be told then, unless the difference is of a known form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.judging.checks import Check
from harness.judging.judge import Claim
from harness.judging.tolerances import FACTOR, FLOOR_ULP, STRICT, Tolerance, pooled_error
from harness.judging.ulp import error_against
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.system.array_files import Arrays

Array = NDArray[Any]
STRICTLY = f"float64 semantics: {STRICT:g} of the largest value, + {FACTOR:g} float64 epsilons of the largest tensor"
MEASURED = (
    f"{FACTOR:g} x the larger of both sides' own relative errors in float32, "
    f"at most {FACTOR * FACTOR:g} x the smaller, + {FLOOR_ULP:g} ULP"
)


@dataclass(frozen=True)
class Reading:
    """What one side answered: in its arm's precision, and in float64 where it runs there; else why it does not."""

    arm: Arm
    own: Arrays
    exact: Arrays | None
    refused: str = ""

    @property
    def name(self) -> str:
        return self.arm.name

    def below(self, prefix: str) -> Reading:
        """Only what is named below `prefix`, by the rest of its name."""
        return Reading(self.arm, _below(self.own, prefix), self.exact and _below(self.exact, prefix), self.refused)


@dataclass(frozen=True)
class Place:
    """Where a tensor stands, for its verdict."""

    subject: str
    phase: str
    step: int | None = None
    layer: str = ""


@dataclass(frozen=True)
class Judged:
    """The verdicts by tensor. `apart`: the largest difference of the two in float64, relative to each tensor's size."""

    verdicts: dict[str, Verdict]
    apart: float | None = None
    tolerances: dict[str, Tolerance] = field(default_factory=dict)


def reading(arm: Arm, arrays: Arrays, refused: str) -> Reading:
    exact = _below(arrays, "float64/")
    return Reading(arm, _below(arrays, f"{arm.precision}/"), exact or None, refused)


def judged(rung: str, a: Reading, b: Reading, tensors: Mapping[str, Place]) -> Judged:
    """The tensors come of one computation: the measure is the worst relative error among them."""
    same = {name: place for name, place in tensors.items() if _comparable(a, b, name)}
    found = {name: _misshapen(rung, a, b, name, place) for name, place in tensors.items() if name not in same}
    oracle = b if b.exact is not None else a
    measured = [side for side in (a, b) if side.exact is not None]
    if oracle.exact is None:
        return Judged({**found, **{name: _unmeasured(rung, a, b, place) for name, place in same.items()}})
    tolerances = _tolerances(measured, list(same), oracle.exact)
    for name, place in same.items():
        reference = np.asarray(oracle.exact[name], np.float64)
        claims = {side.name: _claim(side, name, tolerances[name]) for side in (a, b)}
        at = (rung, place.subject, reference, claims, lambda index: str(list(index)))
        check = Check(*at, tensor=name, step=place.step, phase=place.phase, layer=place.layer)
        found[name] = _adjudicated(check, a, b, name, tolerances[name])
    return Judged({name: found[name] for name in tensors}, _apart(a.exact, b.exact, list(same)), tolerances)


def at_once(verdicts: Sequence[Verdict], subject: str) -> Verdict:
    """One verdict for many tensors: the first that does not agree; else the one furthest into its tolerance."""
    for verdict in verdicts:
        if verdict.status != "agrees":
            return verdict
    # A tensor that is nothing but rounding, as the gradient by a bias before a batch normalisation, certifies nothing.
    certain = [verdict for verdict in verdicts if verdict.detects is None or np.isfinite(verdict.detects)]
    worst = max(certain or verdicts, key=lambda verdict: verdict.error_over_tolerance or 0.0)
    certified = max((verdict.detects for verdict in certain if verdict.detects is not None), default=None)
    at = f"{worst.layer or worst.tensor}{worst.worst_index}"
    return worst.model_copy(update={"subject": subject, "worst_index": at, "detects": certified})


def _tolerances(measured: Sequence[Reading], names: Sequence[str], reference: Arrays) -> dict[str, Tolerance]:
    in_float32 = [side for side in measured if side.arm.precision == "float32"]
    if not in_float32:
        sizes = {name: float(np.max(np.abs(reference[name]), initial=0.0)) for name in names}
        # A tensor that is nothing but rounding beside the largest has no size of its own.
        rounding = FACTOR * float(np.finfo(np.float64).eps) * max(sizes.values(), default=0.0)
        return {name: Tolerance(np.asarray(STRICT * size + rounding), STRICTLY) for name, size in sizes.items()}
    by_side = []
    for side in in_float32:
        assert side.exact is not None
        exact = {name: np.asarray(side.exact[name], np.float64) for name in names}
        by_side.append(pooled_error(exact, {name: side.own[name] for name in names}, np.float32))
    return {name: _of_either([each[name] for each in by_side]) for name in names}


def _of_either(measures: Sequence[Tolerance]) -> Tolerance:
    """The wider of the two sides' measures, unless it is wider than such measures are found to differ by."""
    narrow, wide = min(measures, key=_width), max(measures, key=_width)
    if len(measures) == 1:
        return Tolerance(narrow.bound, narrow.source.replace("the reference's", "the one side's"))
    return Tolerance(np.minimum(wide.bound, FACTOR * narrow.bound), MEASURED)


def _width(tolerance: Tolerance) -> float:
    return float(np.max(tolerance.bound, initial=0.0))


def _claim(side: Reading, name: str, tolerance: Tolerance) -> Claim:
    return Claim(side.name, side.own[name], tolerance, np.dtype(side.arm.precision).type)


def _adjudicated(check: Check, a: Reading, b: Reading, name: str, tolerance: Tolerance) -> Verdict:
    """As judged against the float64 of one side; whose fault it is only where both sides have the same in float64."""
    verdict = check.judge(a.name, b.name)
    if verdict.status == "agrees":
        return verdict.model_copy(update={"detects": check.detects(a.name, b.name), "value_reference": None})
    between = float(np.max(error_against(a.own[name], np.asarray(b.own[name], np.float64)), initial=0.0))
    told = f"{a.name} and {b.name} are {between:.3g} apart"
    untold = {"judgement": "undetermined", "culprit": "", "nearer": "", "value_reference": None}
    if a.exact is None or b.exact is None:
        without = a if a.exact is None else b
        cause = f"{told}; which is wrong cannot be told: {without.name} does not run in float64 ({without.refused})"
        return verdict.model_copy(update={**untold, "cause": cause})
    in_float64 = error_against(a.exact[name], np.asarray(b.exact[name], np.float64))
    if np.any(in_float64 > tolerance.bound):
        both = a.arm.precision == b.arm.precision == "float64"
        cause = told if both else f"{told}, and {float(np.max(in_float64)):.3g} in float64"
        return verdict.model_copy(update={**untold, "cause": f"{cause}: two different functions"})
    return verdict.model_copy(
        update={"cause": f"{told}, and equal in float64: {verdict.culprit} is numerically off ({verdict.cause})"}
    )


def _comparable(a: Reading, b: Reading, name: str) -> bool:
    return name in a.own and name in b.own and a.own[name].shape == b.own[name].shape


def _misshapen(rung: str, a: Reading, b: Reading, name: str, place: Place) -> Verdict:
    each = (f"{side.name} has {side.own[name].shape if name in side.own else 'none'}" for side in (a, b))
    return _plain(rung, a, b, place, "diverges", f"shape: {', '.join(each)}", name)


def _unmeasured(rung: str, a: Reading, b: Reading, place: Place) -> Verdict:
    cause = f"neither side runs in float64, so there is no measure: {a.name}: {a.refused}; {b.name}: {b.refused}"
    return _plain(rung, a, b, place, "unverified", cause)


def _plain(rung: str, a: Reading, b: Reading, place: Place, status: str, cause: str, tensor: str = "") -> Verdict:
    return Verdict.model_validate(
        {
            **{"rung": rung, "subject": place.subject, "arm_a": a.name, "arm_b": b.name, "status": status},
            **{"phase": place.phase, "step": place.step, "layer": place.layer, "tensor": tensor, "cause": cause},
            "judgement": "undetermined" if status == "diverges" else "",
        }
    )


def _apart(a: Arrays | None, b: Arrays | None, names: Sequence[str]) -> float | None:
    """Of tensors that are more than rounding beside the largest."""
    if a is None or b is None:
        return None
    sizes = {name: float(np.max(np.abs(b[name]), initial=0.0)) for name in names}
    nothing = max(sizes.values(), default=0.0) * float(np.finfo(np.float32).eps)
    told = [name for name, size in sizes.items() if size > nothing]
    return max((float(np.max(error_against(a[name], b[name]))) / sizes[name] for name in told), default=None)


def _below(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
