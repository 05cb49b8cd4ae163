"""The judge: from the values of two arms and of the reference to a verdict."""

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
    """The values of one arm, and how far they may be off.

    `excuse`: called only if the tolerance is exceeded; gives the ledger's wider bound, or None.
    """

    arm: str
    values: FloatArray
    tolerance: Tolerance
    precision: Any = field(default=np.float32)
    excuse: Callable[[], Excuse | None] | None = None

    def at(self, select: Callable[[Any], FloatArray]) -> Claim:
        """The claim about a part of the tensor, without an excuse. `select`: takes that part of an array."""
        tolerance = replace(self.tolerance, bound=select(self.tolerance.bound))
        return replace(self, values=select(self.values), tolerance=tolerance, excuse=None)

    def excused_at(self, select: Callable[[Any], FloatArray]) -> Claim:
        """The claim about a part of the tensor, with that part of the excuse."""

        def partial_excuse() -> Excuse | None:
            excuse = self.excuse() if self.excuse else None
            return excuse and replace(excuse, bound=None if excuse.bound is None else select(excuse.bound))

        return replace(self.at(select), excuse=partial_excuse)


def judge(
    rung: str, subject: str, reference: FloatArray, a: Claim, b: Claim | None, name_index: IndexName, cause: str = ""
) -> Verdict:
    """The verdict: `agrees` if all values of all claims are within their tolerances of the reference, else `diverges`.

    It is `known` if every claim that exceeds its tolerance is within the bound of its excuse. An excuse does not change
    the numbers of the verdict. If `b` is None, `a` is compared with the reference alone. A claim of another shape than
    the reference diverges: no array is shortened. `cause`: an addition to the cause of a divergence.
    """
    reference = np.asarray(reference, np.float64)
    claims = [a] if b is None else [a, b]
    head = {"rung": rung, "subject": subject, "arm_a": a.arm, "arm_b": b.arm if b else "reference"}
    for claim in claims:
        if np.shape(claim.values) != reference.shape:
            cause_of_shape = f"{claim.arm} has shape {np.shape(claim.values)}, the reference {reference.shape}"
            misshapen = [each.arm for each in claims if np.shape(each.values) != reference.shape]
            attribution = {"judgement": _judgement(misshapen, claims), "culprit": ", ".join(misshapen)}
            return Verdict(**head, **attribution, status="diverges", cause=cause_of_shape)
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
    """The claim's error divided by its bound, element by element: more than 1 diverges.

    The bound is the tolerance, or the excuse if the tolerance is exceeded and there is one. None if the claim has
    another shape than the reference.
    """
    if np.shape(claim.values) != np.shape(reference):
        return None
    error = error_against(claim.values, reference)
    ratio = _ratio(error, np.broadcast_to(claim.tolerance.bound, error.shape))
    excuse = claim.excuse() if claim.excuse and np.any(ratio > 1) else None
    if excuse is None:
        return ratio
    return _ratio(error, excuse.bound) if excuse.bound is not None else np.zeros_like(error)


def _judgement(wrong: list[str], claims: list[Claim]) -> Judgement:
    """Which of the arms are right: those within their tolerance of the reference."""
    if len(claims) == 1:
        return ""
    judgements: tuple[Judgement, ...] = ("both right", "one wrong", "both wrong")
    return judgements[len(wrong)]


def _excuse(claim: Claim, error: FloatArray, bound: FloatArray) -> str:
    """The cause of the claim's excuse if the error is within its bound; otherwise empty."""
    excuse = claim.excuse() if claim.excuse else None
    if excuse is None:
        return ""
    if excuse.bound is not None and np.max(_ratio(error, excuse.bound), initial=0.0) > 1:
        return ""
    return excuse.cause


def _ratio(error: FloatArray, bound: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0, 0.0, error / bound)
    # A bound that is NaN allows no error.
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
    errors_in_words = [
        f"{c.arm} is off by {float(e[index]):.3g}" for c, e in zip(claims, errors, strict=True) if c.arm in wrong
    ]
    return ", ".join(errors_in_words) + (f": {cause}" if cause else "")


def worst_of(verdicts: list[Verdict]) -> Verdict:
    """The first verdict that neither agrees nor is known; else the one with the largest error over its tolerance.

    In the latter case known verdicts come before those that agree.
    """
    for verdict in verdicts:
        if verdict.status not in ("agrees", "known"):
            return verdict
    known = [verdict for verdict in verdicts if verdict.status == "known"]
    return max(known or verdicts, key=lambda verdict: verdict.error_over_tolerance or 0.0)
