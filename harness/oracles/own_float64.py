"""The oracle of two models that have no reference: what each side's own code computes in float64.

A side's own error in float32 is its distance from the same code in float64. The tolerance is derived from the larger of
the two sides' errors, as it is elsewhere from the reference's error, but from no more than `FACTOR` times the smaller:
if two models are the same function and one of them has a larger error than that, it is numerically at fault. If the two
sides also differ in float64, they are different functions, and nobody can say which of them is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from harness.judging.tolerances import FACTOR, FLOOR_ULP, STRICT, TELLING, Tolerance, enveloped, pooled_error, strict
from harness.judging.ulp import error_against
from harness.oracles.oracle import NO_CULPRIT, Expected
from harness.records.array_types import FloatArray
from harness.records.tensor_key import below
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.system.array_files import Arrays

STRICTLY = f"float64 semantics: {STRICT:g} of the largest value, + {FACTOR:g} float64 epsilons of the largest tensor"
MEASURED = (
    f"{FACTOR:g} x the larger of both sides' own relative errors in float32, "
    f"at most {FACTOR * FACTOR:g} x the smaller, + {FLOOR_ULP:g} ULP"
)
# Of the precisions of arms. NumPy knows no bfloat16.
_EPSILONS = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
DRIFT = f"{FACTOR:g} x the drift of either side from its own float64"


@dataclass(frozen=True)
class Side:
    """The tensors of one side.

    `values`: by name, in the arm's precision. `float64`: the same in float64; None if the side does not run in it, and
    then `refused` gives the reason. `reduced`: the lower precision in which some of its layers compute, if any.
    """

    arm: Arm
    values: Arrays
    float64: Arrays | None
    refused: str = ""
    reduced: str = ""

    @classmethod
    def of(cls, arm: Arm, arrays: Arrays, refused: str) -> Side:
        """The side from arrays with names `<precision>/<tensor>`."""
        float64 = below(arrays, "float64")
        return cls(arm, below(arrays, arm.precision), float64 or None, refused)

    @property
    def name(self) -> str:
        return self.arm.name

    def tensor(self, name: str) -> FloatArray:
        return self.values.get(name, np.empty(0))

    def without_float64(self, reason: str) -> Side:
        """The side as one that does not run in float64."""
        return replace(self, float64=None, refused=reason)

    def below(self, prefix: str) -> Side:
        """Only the tensors whose names begin with `prefix` and a slash, by the rest of their names."""
        float64 = self.float64 and below(self.float64, prefix)
        return replace(self, values=below(self.values, prefix), float64=float64)


@dataclass(frozen=True)
class OwnFloat64:
    """The oracle that expects of each tensor what one side computes in float64.

    `tolerances`: by tensor, the same for both sides. Build it with `pooled` or `of_curves`.
    """

    a: Side
    b: Side
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)

    @classmethod
    def pooled(cls, a: Side, b: Side, tensors: Sequence[str]) -> OwnFloat64:
        """For the tensors of one computation: the largest relative error among them sets the tolerance of all."""
        oracle = cls(a, b)
        shared = [name for name in tensors if oracle.is_shared(name)]
        return cls(a, b, _pooled(oracle, shared) if oracle.is_measured else {})

    @classmethod
    def of_curves(
        cls, a: Side, b: Side, drifts: Mapping[str, FloatArray], spread: Any = 0.0, least: float = 0.0
    ) -> OwnFloat64:
        """For values by step in free-running trainings: the sides' drift from their own float64 sets the tolerance.

        `drifts`: by curve, (steps,), the larger drift of the two sides. `spread`: the distance between repeated runs of
        one side, (steps,) or one number. `least`: the error that float32 arithmetic may make in any single step.
        """
        oracle = cls(a, b)
        shared = [name for name in drifts if oracle.is_shared(name)]
        if not oracle.is_measured:
            return oracle
        return cls(a, b, {name: _drifting(oracle, name, drifts[name], spread, least) for name in shared})

    def drift(self, curve: str) -> FloatArray:
        """|value - value in float64|, (steps,): at each step that of the side with the larger distance."""
        distances = [error_against(side.values[curve], side.float64[curve]) for side in self.measured if side.float64]
        widest: FloatArray = np.max(distances, axis=0)
        return widest

    @property
    def sides(self) -> dict[str, Side]:
        return {self.a.name: self.a, self.b.name: self.b}

    @property
    def is_measured(self) -> bool:
        """Whether at least one side runs in float64."""
        return bool(self.measured)

    @property
    def measured(self) -> list[Side]:
        return [side for side in (self.a, self.b) if side.float64 is not None]

    @cached_property
    def values(self) -> Arrays:
        """The expected values: the second side's in float64, or the first side's if the second does not run in it."""
        side = self.b if self.b.float64 is not None else self.a
        return side.values if side.float64 is None else side.float64

    def is_shared(self, tensor: str) -> bool:
        """Whether both sides have the tensor, in one shape."""
        a, b = self.a.values.get(tensor), self.b.values.get(tensor)
        return a is not None and b is not None and a.shape == b.shape

    def expected(self, tensor: str) -> Expected:
        exact = Tolerance(np.zeros(()), "")
        if not self.is_shared(tensor):
            present = np.asarray(self.a.tensor(tensor) if tensor in self.a.values else self.b.tensor(tensor))
            return Expected(present, dict.fromkeys(self.sides, exact), attribute=partial(self._misshapen, tensor))
        if not self.is_measured:
            return Expected(self.a.tensor(tensor), dict.fromkeys(self.sides, exact), unjudged=self._why_unjudged)
        return Expected(
            np.asarray(self.values[tensor], np.float64),
            dict.fromkeys(self.sides, self.tolerances[tensor]),
            attribute=partial(self._attributed, tensor),
            certifies=not self._is_rounding(tensor),
        )

    @cached_property
    def apart(self) -> float | None:
        """The largest difference of the sides in float64, relative to a tensor's size; None if one has no float64."""
        a, b = self.a.float64, self.b.float64
        if a is None or b is None:
            return None
        names = [name for name in self.tolerances if not self._is_rounding(name)]
        return max((_largest(error_against(a[name], b[name])) / _largest(b[name]) for name in names), default=None)

    @cached_property
    def _largest_value(self) -> float:
        return max((_largest(self.values[name]) for name in self.tolerances), default=0.0)

    def _is_rounding(self, tensor: str) -> bool:
        """Whether a tensor is all rounding error next to the largest, like a bias' gradient before a batch norm."""
        return _largest(self.values[tensor]) <= self._largest_value * float(np.finfo(np.float32).eps)

    @property
    def _why_unjudged(self) -> str:
        reasons = "; ".join(f"{side.name}: {side.refused}" for side in (self.a, self.b))
        return f"neither side runs in float64, so there is no measure: {reasons}"

    def _misshapen(self, tensor: str, verdict: Verdict) -> Verdict:
        sides = (self.a, self.b)
        shapes = (f"{s.name} has {s.values[tensor].shape if tensor in s.values else 'none'}" for s in sides)
        return verdict.model_copy(update={**NO_CULPRIT, "cause": f"shape: {', '.join(shapes)}"})

    def _attributed(self, tensor: str, verdict: Verdict) -> Verdict:
        """The verdict with its cause. A culprit is named only if both sides agree in float64."""
        if verdict.status == "agrees":
            return verdict.model_copy(update={"value_reference": None})
        a, b = self.a, self.b
        between = _largest(error_against(a.values[tensor], np.asarray(b.values[tensor], np.float64)))
        distance = f"{a.name} and {b.name} are {between:.3g} apart"
        if a.float64 is None or b.float64 is None:
            without = a if a.float64 is None else b
            cause = f"{distance}; which is wrong cannot be told: {without.name} does not run in float64"
            return verdict.model_copy(update={**NO_CULPRIT, "cause": cause})
        in_float64 = error_against(a.float64[tensor], np.asarray(b.float64[tensor], np.float64))
        if np.any(in_float64 > self.tolerances[tensor].bound):
            both = a.arm.precision == b.arm.precision == "float64"
            cause = distance if both else f"{distance}, and {_largest(in_float64):.3g} in float64"
            return verdict.model_copy(update={**NO_CULPRIT, "cause": f"{cause}: two different functions"})
        cause = f"{distance}, and equal in float64: {verdict.culprit} is numerically off ({verdict.cause})"
        if a.reduced != b.reduced:
            of_a, of_b = (side.reduced or side.arm.precision for side in (a, b))
            cause = f"{cause}; they compute in different precisions: {a.name} in {of_a}, {b.name} in {of_b}"
        return verdict.model_copy(update={"cause": cause})


def reduced_precision(layers: Mapping[str, str]) -> str:
    """The lowest of the precisions in which layers compute, below that of their arm; empty if there is none."""
    return max(layers.values(), key=lambda precision: _EPSILONS[precision], default="")


def no_measure(side: Side, other: Side) -> str:
    """Why a side's float64 is the measure of nothing; empty if it may be one, or if the side has none.

    A measure is finite where the side's own precision is, and within what that precision allows of it. It is not if
    it differs by more than half of the digits, while both sides agree with each other far better than with it: two
    frameworks do not make the same error by chance. Nor do they in float64: where both agree there, float32 has met a
    kink on both sides alike. In mixed precision they do, because they round the same numbers to
    16 bits, so there only finite numbers are asked for.
    """
    if side.float64 is None or side.arm.precision == "float64":
        return ""
    eps = _EPSILONS[side.arm.precision]
    most = max((_largest_finite(value) for value in side.values.values()), default=0.0)
    for name, value in side.values.items():
        exact, beside = side.float64.get(name), other.values.get(name)
        if exact is None or exact.shape != value.shape:
            continue
        if not np.all(np.isfinite(exact[np.isfinite(value)])):
            return f"{name} is not finite in float64, and is in {side.arm.precision}"
        if side.reduced or beside is None or beside.shape != value.shape or _largest_finite(value) <= eps * most:
            continue
        away, size = _largest(error_against(value, exact)), _largest_finite(exact)
        between = _largest(error_against(value, np.asarray(beside, np.float64)))
        theirs = (other.float64 or {}).get(name)
        if theirs is not None and FACTOR * FACTOR * _largest(error_against(exact, theirs)) < away:
            continue
        if away > np.sqrt(eps) * size and FACTOR * FACTOR * between < away:
            return f"{name} is {away:.3g} off in float64, and both sides agree to {between:.3g} in their own precision"
    return ""


def _pooled(oracle: OwnFloat64, names: Sequence[str]) -> dict[str, Tolerance]:
    in_float32 = [side for side in oracle.measured if side.arm.precision == "float32"]
    if not in_float32:
        sizes = {name: _largest(oracle.values[name]) for name in names}
        # The size of a tensor that is all rounding error says nothing about its tolerance.
        rounding = FACTOR * float(np.finfo(np.float64).eps) * max(sizes.values(), default=0.0)
        return {name: Tolerance(np.asarray(STRICT * size + rounding), STRICTLY) for name, size in sizes.items()}
    by_side, relative = [], 0.0
    exact_of = {
        side.name: {name: np.asarray((side.float64 or {})[name], np.float64) for name in names} for side in in_float32
    }
    most = max((_largest(oracle.values[name]) for name in names), default=0.0)
    cancelling = {name for name in names if _largest(oracle.values[name]) <= most * _EPSILONS["float32"]}
    for side in in_float32:
        exact = exact_of[side.name]
        by_side.append(pooled_error(exact, {name: side.values[name] for name in names}, np.float32))
        telling = [name for name in names if name not in cancelling and _largest(exact[name]) > 0]
        errors = (_largest(error_against(side.values[name], exact[name])) / _largest(exact[name]) for name in telling)
        relative = max(relative, *errors, 0.0)
    # Where terms cancel, one side may be 0 by luck; what is left on the other is as large as the terms' own errors.
    remainder = FACTOR * min(relative, TELLING) * most
    return {
        name: _of_either([tolerances[name] for tolerances in by_side], remainder if name in cancelling else 0.0)
        for name in names
    }


def _of_either(measures: Sequence[Tolerance], remainder: float = 0.0) -> Tolerance:
    """The wider of the two sides' tolerances, but at most `FACTOR` times the narrower.

    `remainder`: what may be left of terms that cancel, whatever the narrower tolerance is.
    """
    narrow, wide = min(measures, key=_width), max(measures, key=_width)
    if len(measures) == 1:
        return Tolerance(narrow.bound, narrow.source.replace("the reference's", "the one side's"))
    return Tolerance(np.minimum(wide.bound, np.maximum(FACTOR * narrow.bound, remainder)), MEASURED)


def _drifting(oracle: OwnFloat64, name: str, drift: FloatArray, spread: Any, least: float) -> Tolerance:
    reference = np.asarray(oracle.values[name], np.float64)
    if oracle.a.arm.precision == oracle.b.arm.precision == "float64":
        strictly = strict(reference)
        return Tolerance(strictly.bound + FACTOR * np.asarray(spread), strictly.source) if np.any(spread) else strictly
    # The spread of a side's own runs widens the tolerance up to a limit: a fault must not excuse itself.
    most = FACTOR * np.maximum.accumulate(np.maximum(drift, least))
    spread = np.minimum(np.broadcast_to(spread, drift.shape), most)
    return Tolerance(enveloped(reference, drift, spread, np.float32, least).bound, DRIFT)


def _width(tolerance: Tolerance) -> float:
    return _largest(tolerance.bound)


def _largest_finite(values: Any) -> float:
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))


def _largest(values: Any) -> float:
    return float(np.max(np.abs(values), initial=0.0))
