"""Verdicts on records in which no number is judged: what is equal, and what an arm has not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.judging.quantity import same_bits
from harness.oracles.recorded import EQUAL
from harness.records.trace import Trace
from harness.records.verdict import Verdict


def verdict_on(rung: str, subject: str, traces: Sequence[Trace], status: Any, cause: str) -> Verdict:
    first, *others = [trace.arm.name for trace in traces]
    return Verdict(rung=rung, subject=subject, arm_a=first, arm_b="".join(others), status=status, cause=cause)


def unknown(rung: str, subject: str, traces: Sequence[Trace], lacking: Sequence[Trace], what: str) -> Verdict:
    """The verdict where the arms `lacking` have not recorded `what`: the status of their failure, or `unverified`."""
    failure = next((trace.failure for trace in lacking if trace.failure is not None), None)
    reasons = [
        f"{trace.arm.name} has not {what}" + (f" ({trace.failure})" if trace.failure else "") for trace in lacking
    ]
    return verdict_on(rung, subject, traces, failure.status if failure else "unverified", "; ".join(reasons))


def marked_equal(verdict: Verdict, a: Any, b: Any) -> Verdict:
    if not same_bits(a, b):
        return verdict
    cause = f"{EQUAL}; {verdict.cause}" if verdict.cause else EQUAL
    return verdict.model_copy(update={"cause": cause})
