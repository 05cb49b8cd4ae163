"""Checks of numbers: a check holds one tensor, its reference values, and the values that each arm claims.

A check can be judged, and it can be certified: errors of known size are injected into a claim until the judge notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from harness.judging.judge import Claim, IndexName, judge, worst_of
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict

# A certificate is accurate to a factor of 2. It is searched among powers of 2 with these exponents.
FINEST, COARSEST = -60, 20
_CERTIFYING = ContextVar("_CERTIFYING", default=True)
_COLLECTED: ContextVar[list[Check] | None] = ContextVar("_COLLECTED", default=None)


def as_judged(verdict: Verdict) -> Verdict:
    """The verdict unchanged: the attribution of an oracle that can name every culprit."""
    return verdict


@dataclass(frozen=True)
class Check:
    """One tensor to be judged.

    `reference`: the right values in float64. `claims`: by arm, of the reference's shape. Checks with the same `subject`
    give one verdict, about the worst of them. `attribute`, `certifies` and `unjudged` come from the oracle: see
    `harness.oracles.oracle.Expected`.
    """

    rung: str
    subject: str
    reference: FloatArray
    claims: Mapping[str, Claim]
    name_index: IndexName
    tensor: str = ""
    step: int | None = None
    phase: str = ""
    layer: str = ""
    attribute: Callable[[Verdict], Verdict] = as_judged
    certifies: bool = True
    unjudged: str = ""

    def judge(self, a: str, b: str | None) -> Verdict:
        """The verdict on two arms, both compared with the reference; on one arm if `b` is None."""
        return self.attribute(self._judged(a, b))

    def _judged(self, a: str, b: str | None) -> Verdict:
        where = {"tensor": self.tensor, "step": self.step, "phase": self.phase, "layer": self.layer}
        if self.unjudged:
            arms = {"arm_a": a, "arm_b": b or "reference"}
            head = {"rung": self.rung, "subject": self.subject, **arms, **where}
            return Verdict.model_validate({**head, "status": "unverified", "cause": self.unjudged})
        claims = self.claims[a], self.claims[b] if b else None
        verdict = judge(self.rung, self.subject, self.reference, *claims, self.name_index)
        return verdict.model_copy(update={**where, "worst_index": verdict.worst_index or self.tensor})

    def detects(self, a: str, b: str | None) -> float:
        """The smallest relative error in the largest element of `a`'s claim that is noticed, within a factor of 2.

        Errors that the ledger would excuse count as noticed. 0 if the claim does not agree in the first place;
        infinity if no error is noticed.
        """
        if self._judged(a, b).status != "agrees":
            return 0.0
        reference = np.asarray(self.reference, np.float64)
        finite = np.where(np.isfinite(reference), np.abs(reference), -1.0)
        if not finite.size or finite.max() < 0:
            return np.inf
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(finite)), reference.shape))
        size = abs(float(reference[at])) or 1.0
        alone = self._at(at)  # the judge works element by element, so one element is enough for the search

        def noticed(check: Check, index: tuple[int, ...], exponent: int) -> bool:
            values = np.array(check.claims[a].values, np.float64)
            values[index] = reference[at] + size * 2.0**exponent
            changed = replace(check.claims[a], values=values, excuse=None)
            return replace(check, claims={**check.claims, a: changed})._judged(a, b).status == "diverges"

        low, high = FINEST, COARSEST
        if not noticed(alone, (0,), high):
            return np.inf
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if noticed(alone, (0,), middle) else (middle, high)
        return float(2.0**high) if noticed(self, at, high) else np.inf

    def upto(self, count: int) -> Check:
        """The check of the first `count` elements along the first axis; claims of another shape are left whole."""
        shape = np.shape(self.reference)

        def first(values: FloatArray) -> FloatArray:
            if np.ndim(values) and np.shape(values) != shape:
                return values
            return np.broadcast_to(values, shape)[:count]

        claims = {name: claim.excused_at(first) for name, claim in self.claims.items()}
        return replace(self, reference=self.reference[:count], claims=claims)

    def _at(self, index: tuple[int, ...]) -> Check:
        """The check of one element."""
        shape = np.shape(self.reference)

        def element(values: FloatArray) -> FloatArray:
            return np.array([np.broadcast_to(values, shape)[index]])

        claims = {name: claim.at(element) for name, claim in self.claims.items()}
        return replace(self, reference=element(self.reference), claims=claims, name_index=str)


def pairs_of(arms: Sequence[str]) -> list[tuple[str, str | None]]:
    """Every pair of arms; (arm, None) for a single arm, which is compared with the reference alone."""
    return list(combinations(arms, 2)) if len(arms) > 1 else [(arm, None) for arm in arms]


@contextmanager
def uncertified() -> Iterator[None]:
    """A context in which verdicts get no certificate, because a certificate takes longer than its verdict."""
    token = _CERTIFYING.set(False)
    try:
        yield
    finally:
        _CERTIFYING.reset(token)


@contextmanager
def collected() -> Iterator[list[Check]]:
    """A context with the list of all checks that `judge_checks` judges in it, in order."""
    checks: list[Check] = []
    token = _COLLECTED.set(checks)
    try:
        yield checks
    finally:
        _COLLECTED.reset(token)


def judge_checks(checks: Iterable[Check]) -> list[Verdict]:
    """One verdict, with its certificate, for each subject and each pair of arms with claims about it."""
    by_subject: dict[str, list[Check]] = {}
    collecting = _COLLECTED.get()
    for check in checks:
        if collecting is not None:
            collecting.append(check)
        by_subject.setdefault(check.subject, []).append(check)
    verdicts = []
    for own in by_subject.values():
        for a, b in pairs_of(list(own[0].claims)):
            worst = worst_of([check.judge(a, b) for check in own])
            if worst.status == "agrees":
                certain = [check for check in own if check.certifies] or own
                if len(certain) < len(own):
                    worst = worst_of([check.judge(a, b) for check in certain])
                if _CERTIFYING.get():
                    worst = worst.model_copy(update={"detects": max(check.detects(a, b) for check in certain)})
            verdicts.append(worst)
    return verdicts


def first_diverging(checks: Iterable[Check], arms: Sequence[str]) -> Verdict | None:
    """The verdict of the first check that diverges, in the order of `checks`; None if none diverges."""
    for check in checks:
        for a, b in pairs_of([arm for arm in arms if arm in check.claims]):
            verdict = check.judge(a, b)
            if verdict.status == "diverges":
                return verdict
    return None
