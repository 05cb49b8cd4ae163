"""Agreement needs undamaged records: no verdict agrees if a record it uses is damaged or an arm has failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.verdict import Verdict
from harness.results.recorded import TRACE, RecordedArm
from harness.subjects.recorded.pairing import ArmPair

AGREEING = ("agrees", "known")


def relied_on(verdict: Verdict, arms: Sequence[RecordedArm], *files: str) -> Verdict:
    """The verdict; `unverified` instead of agreement if a file that it uses is damaged, or the failure of an arm.

    Every verdict also uses `trace.json`, which describes the arm and how it ended.
    """
    if verdict.status not in AGREEING:
        return verdict
    for trace in (arm.trace for arm in arms):
        if trace.failure is not None:
            return verdict.model_copy(update={"status": trace.failure.status, "cause": f"{trace.arm.name} has failed"})
    damaged = [f"{file} of {arm.trace.arm.name}" for arm in arms for file in (TRACE, *files) if arm.failed(file)]
    return unrelied(verdict, ", ".join(damaged)) if damaged else verdict


def unrelied(verdict: Verdict, record: str) -> Verdict:
    """The verdict; `unverified` instead of agreement, because this record, which it uses, is damaged."""
    if verdict.status not in AGREEING:
        return verdict
    cause = "; ".join(filter(None, [f"rests on {record}, which is damaged", verdict.cause]))
    return verdict.model_copy(update={"status": "unverified", "cause": cause})


def failed_arms(pair: ArmPair, rung: str) -> Iterator[Verdict]:
    """A verdict for each arm that failed."""
    a, b = pair.names
    for arm in pair.sides:
        name, failure = arm.trace.arm.name, arm.trace.failure
        if failure is not None:
            yield Verdict(
                rung=rung,
                subject=arm.place + TRACE,
                arm_a=a,
                arm_b=b,
                status=failure.status,
                cause=f"{name} has failed ({failure}), and what failed is equal to nothing",
            )
