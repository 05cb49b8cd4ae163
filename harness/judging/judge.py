"""From two arms' values and the reference's to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from harness.judging.tolerances import Excuse, Tolerance
from harness.judging.ulp import error_against, shown_ulp
from harness.records.array_types import FloatArray
from harness.records.verdict import Judgement, Status, Verdict

IndexName = Callable[[tuple[int, ...]], str]


@dataclass(frozen=True)
class Claim:
    """What one arm says, and how far it may be off.

    `excuse` is asked where the tolerance is exceeded: by how much more the ledger knows the arm to be off, if it does.
    """

    arm: str
    values: FloatArray
    tolerance: Tolerance
    precision: Any = field(default=np.float32)
    excuse: Callable[[], Excuse | None] | None = None

    def at(self, one: Callable[[Any], FloatArray]) -> Claim:
        """The claim about a part, which nothing excuses; `one` takes that part of an array."""
        tolerance = replace(self.tolerance, bound=one(self.tolerance.bound))
        return replace(self, values=one(self.values), tolerance=tolerance, excuse=None)

    def excused_at(self, one: Callable[[Any], FloatArray]) -> Claim:
        """The claim about a part, excused as far as that part is in the whole."""

        def asked() -> Excuse | None:
            excuse = self.excuse() if self.excuse else None
            return excuse and replace(excuse, bound=None if excuse.bound is None else one(excuse.bound))

        return replace(self.at(one), excuse=asked)


def judge(
    rung: str, subject: str, reference: FloatArray, a: Claim, b: Claim | None, name_index: IndexName, cause: str = ""
) -> Verdict:
    """`agrees` if every value of every claim is within its tolerance of the reference, else `diverges`.

    It is `known` where what exceeds its tolerance is within what the ledger says of it. The numbers of the verdict are
    as measured either way. With `b` missing, `a` is compared with the reference alone. Values of another shape than the
    reference diverge: nothing is cut to the shorter.
    """
    reference = np.asarray(reference, np.float64)
    claims = [a] if b is None else [a, b]
    head = {"rung": rung, "subject": subject, "arm_a": a.arm, "arm_b": b.arm if b else "reference"}
    for claim in claims:
        if np.shape(claim.values) != reference.shape:
            found = f"{claim.arm} has shape {np.shape(claim.values)}, the reference {reference.shape}"
            others = [each.arm for each in claims if np.shape(each.values) != reference.shape]
            said = {"judgement": _judgement(others, claims), "culprit": ", ".join(others)}
            return Verdict(**head, **said, status="diverges", cause=found)
    errors = [error_against(claim.values, reference) for claim in claims]
    bounds = [np.broadcast_to(claim.tolerance.bound, reference.shape) for claim in claims]
    excess = [_ratio(error, bound) for error, bound in zip(errors, bounds, strict=True)]
    worse = int(np.argmax([np.max(each, initial=0.0) for each in excess]))
    flat = int(np.argmax(excess[worse]))
    index: tuple[int, ...] = tuple(int(i) for i in np.unravel_index(flat, reference.shape))
    wrong = [c.arm for c, each in zip(claims, excess, strict=True) if np.max(each, initial=0.0) > 1]
    each = zip(claims, errors, bounds, strict=True)
    excuses = [_excuse(claim, error, bound) for claim, error, bound in each if claim.arm in wrong]
    known = bool(wrong) and all(excuses)
    status: Status = "known" if known else "diverges" if wrong else "agrees"
    in_ulp = [float(e[index] / shown_ulp(reference, c.precision)[index]) for c, e in zip(claims, errors, strict=True)]
    return Verdict(
        **head,
        status=status,
        judgement=_judgement(wrong, claims),
        culprit=", ".join(wrong),
        worst_ulp=in_ulp[worse],
        ulp_a=in_ulp[0],
        ulp_b=in_ulp[1] if b else None,
        worst_index=name_index(index),
        value_a=float(a.values[index]),
        value_b=float(b.values[index]) if b else None,
        value_reference=float(reference[index]),
        nearer=_nearer(claims, errors, index),
        error_over_tolerance=float(excess[worse][index]),
        tolerance=float(bounds[worse][index]),
        tolerance_source=claims[worse].tolerance.source,
        cause="; ".join(excuses) if known else _cause(wrong, claims, errors, index, cause),
    )


def excess(claim: Claim, reference: FloatArray) -> FloatArray | None:
    """The claim's error over what it may be, element by element: its tolerance or, where that won't do, its excuse.

    None where it has another shape than the reference.
    """
    if np.shape(claim.values) != np.shape(reference):
        return None
    error = error_against(claim.values, reference)
    over = _ratio(error, np.broadcast_to(claim.tolerance.bound, error.shape))
    excuse = claim.excuse() if claim.excuse and np.any(over > 1) else None
    if excuse is None:
        return over
    return _ratio(error, excuse.bound) if excuse.bound is not None else np.zeros_like(error)


def _judgement(wrong: list[str], claims: list[Claim]) -> Judgement:
    """Who is right by the reference: an arm within its tolerance of it is within what rounding alone does."""
    if len(claims) == 1:
        return ""
    said: tuple[Judgement, ...] = ("both right", "one wrong", "both wrong")
    return said[len(wrong)]


def _excuse(claim: Claim, error: FloatArray, bound: FloatArray) -> str:
    """What the ledger says of the claim where its error is within that; empty where it is not."""
    excuse = claim.excuse() if claim.excuse else None
    if excuse is None:
        return ""
    if excuse.bound is not None and np.max(_ratio(error, excuse.bound), initial=0.0) > 1:
        return ""
    return excuse.cause


def _ratio(error: FloatArray, bound: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0, 0.0, error / bound)
    # A bound that is no number forgives nothing.
    return np.where(np.isnan(ratio), np.inf, ratio)


def _nearer(claims: list[Claim], errors: list[FloatArray], index: tuple[int, ...]) -> str:
    if len(claims) == 1:
        return ""
    distances = [float(error[index]) for error in errors]
    if distances[0] == distances[1]:
        return "both alike"
    return claims[int(np.argmin(distances))].arm


def _cause(wrong: list[str], claims: list[Claim], errors: list[FloatArray], index: tuple[int, ...], cause: str) -> str:
    if not wrong:
        return ""
    off = [f"{c.arm} is off by {float(e[index]):.3g}" for c, e in zip(claims, errors, strict=True) if c.arm in wrong]
    return ", ".join(off) + (f": {cause}" if cause else "")


def worst_of(verdicts: list[Verdict]) -> Verdict:
    """The first that diverges; if none does, of those that are known, if any, the one furthest off its tolerance."""
    for verdict in verdicts:
        if verdict.status not in ("agrees", "known"):
            return verdict
    known = [verdict for verdict in verdicts if verdict.status == "known"]
    return max(known or verdicts, key=lambda verdict: verdict.error_over_tolerance or 0.0)
