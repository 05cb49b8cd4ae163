"""Parity: whether anything diverges that did not diverge in the base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.gate import GateRow, GateStatus
from harness.records.verdict import Verdict
from harness.subjects.gate.side import Side

Key = tuple[str, str, str, str]
_STATUS: dict[str, GateStatus] = {
    "agrees": "agrees",
    "known": "agrees",
    "unsupported": "agrees",
    "diverges": "diverges",
    "crashed": "crashed",
    "interrupted": "crashed",
    "unverified": "unverified",
}


def parity_rows(head: Side, base: Side) -> Iterator[GateRow]:
    """A row for each arm or pair of arms of either side: the gravest of what is new in the head.

    A check of the base that the head did not make is `unverified`, because what was left out cannot have passed.
    """
    before = {_key(verdict): verdict for verdict in base.verdicts}
    by_arms: dict[str, list[Verdict]] = {}
    for verdict in head.verdicts:
        by_arms.setdefault(_arms(verdict), []).append(verdict)
    made = {_key(verdict) for verdict in head.verdicts}
    missing: dict[str, list[Verdict]] = {}
    for verdict in base.verdicts:
        if _key(verdict) not in made:
            missing.setdefault(_arms(verdict), []).append(verdict)
    for arms in dict.fromkeys([*by_arms, *missing]):
        yield _row(arms, by_arms.get(arms, []), before, missing.get(arms, []))


def _row(arms: str, verdicts: Sequence[Verdict], before: dict[Key, Verdict], missing: Sequence[Verdict]) -> GateRow:
    for status in ("crashed", "interrupted", "diverges", "unverified"):
        found = [v for v in verdicts if v.status == status]
        new = [v for v in found if _key(v) not in before or before[_key(v)].status != status]
        if new:
            more = f"; and {len(new) - 1} more" if len(new) > 1 else ""
            cause = f"new: {_in_words(new[0])}{more}"
            return GateRow(check="parity", subject=arms, status=_STATUS[status], cause=cause)
    if missing:
        cause = f"{len(missing)} checks of the base were not made, {_in_words(missing[0])} first"
        return GateRow(check="parity", subject=arms, status="unverified", cause=cause)
    old = [v for v in verdicts if v.status == "diverges"]
    cause = f"{len(old)} divergences that the base has too, {_in_words(old[0])} first" if old else ""
    unknown = [v for v in verdicts if v.status in ("unverified", "crashed", "interrupted")]
    if verdicts and len(unknown) == len(verdicts):
        return GateRow(check="parity", subject=arms, status=_STATUS[unknown[0].status], cause=_in_words(unknown[0]))
    return GateRow(check="parity", subject=arms, status="agrees", cause=cause)


def _key(verdict: Verdict) -> Key:
    return verdict.rung, verdict.subject, verdict.arm_a, verdict.arm_b


def _arms(verdict: Verdict) -> str:
    return " : ".join(filter(None, [verdict.arm_a, verdict.arm_b]))


def _in_words(verdict: Verdict) -> str:
    return ", ".join(filter(None, [verdict.rung, verdict.subject, verdict.tensor, verdict.cause]))
