"""The outcome of a run: one line and an exit code.

A run must earn AGREES: it finished, and at least one check passed that could have failed. A check of the reference
against itself does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERNAL, INTERRUPTED, UNFINISHED, UNVERIFIED
from harness.records.trace import Trace
from harness.records.verdict import Verdict

NOTHING_EARNED = "nothing was checked that could have failed"
ORACLE = "reference"


UnfinishedKind = Literal["interrupted", "disk", "output", "internal"]


@dataclass(frozen=True)
class Unfinished:
    """Why a run did not finish. `reason` is one line."""

    kind: UnfinishedKind
    reason: str

    @property
    def exit_code(self) -> int:
        return {"interrupted": INTERRUPTED, "internal": INTERNAL}.get(self.kind, UNFINISHED)

    @property
    def can_be_shown(self) -> bool:
        """Whether tables can still be printed: not if standard output failed."""
        return self.kind != "output"


def exit_code(verdicts: Sequence[Verdict], traces: Sequence[Trace], unfinished: Unfinished | None = None) -> int:
    """The exit code of the gravest status: unfinished, interrupted, crashed, diverges, unverified, then agrees."""
    if unfinished is not None:
        return unfinished.exit_code
    statuses = {verdict.status for verdict in verdicts} | {trace.status for trace in traces}
    for status, code in (
        ("interrupted", INTERRUPTED),
        ("crashed", CRASHED),
        ("diverges", DIVERGES),
        ("unverified", UNVERIFIED),
    ):
        if status in statuses:
            return code
    return AGREES if earned(verdicts, traces) else UNVERIFIED


def earned(verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> bool:
    """Whether a check agrees that could have failed, that is, one of an arm other than the reference.

    `traces` say which arms are the reference. Without traces, as for recorded runs, the name alone says it.
    """
    oracles = {ORACLE, *(trace.arm.name for trace in traces if trace.arm.adapter == ORACLE)}
    judged_arms = {trace.arm.name for trace in traces} or {name for v in verdicts for name in (v.arm_a, v.arm_b)}
    independent = judged_arms - oracles
    return any(v.status in ("agrees", "known") and {v.arm_a, v.arm_b} & independent for v in verdicts)


def first_divergence(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The first diverging verdict; None where nothing diverges."""
    return next((verdict for verdict in verdicts if verdict.status == "diverges"), None)


def in_one_line(verdicts: Sequence[Verdict], traces: Sequence[Trace], unfinished: Unfinished | None = None) -> str:
    """The outcome as a sentence: the first thing that went wrong, or what agrees."""
    code = exit_code(verdicts, traces, unfinished)
    divergence = first_divergence(verdicts)
    rungs = ", ".join(dict.fromkeys(verdict.rung for verdict in verdicts if verdict.status in ("agrees", "known")))
    if code == INTERRUPTED:
        return f"INTERRUPTED: {_recorded(traces)}"
    if unfinished is not None:
        return "; ".join(filter(None, [f"UNFINISHED: {unfinished.reason}", _recorded(traces)]))
    if code == CRASHED:
        return "; ".join(filter(None, [f"CRASHED: {_reasons('crashed', verdicts, traces)}", _recorded(traces)]))
    if divergence is not None:
        return f"DIVERGES: {sentence(divergence)}"
    names = [trace.arm.name for trace in traces if trace.failure is None]
    if code == UNVERIFIED:
        reasons = _reasons("unverified", verdicts, traces)
        if reasons:
            return f"UNVERIFIED: {reasons}"
        if len(names) == len(traces):
            return f"UNVERIFIED: {NOTHING_EARNED}{_only_the_reference(traces)}"
    left_out = f"UNSUPPORTED: {_failures(traces)}"
    agreed = f"AGREES: {' and '.join(names)} on {rungs}{_accuracies(traces)}"
    if code == UNVERIFIED or not names:
        return left_out
    return agreed if len(names) == len(traces) else f"{agreed}; {left_out}" if len(names) > 1 else left_out


def sentence(verdict: Verdict) -> str:
    """A divergence as one sentence: rung, place, the error of each arm, the cause, and the spec that removes it."""
    off = _how_far(verdict) or (f"at {verdict.worst_index}" if verdict.worst_index else "")
    parts = [f"the {verdict.rung} rung diverges first: {', '.join(filter(None, [_where(verdict), off]))}"]
    # Clauses on the size of an error are left out where that is in the sentence already.
    clauses = [clause for clause in verdict.cause.split("; ") if clause and not (_how_far(verdict) and OFF in clause)]
    if clauses:
        parts.append(f"cause: {'; '.join(clauses)}" if _how_far(verdict) else "; ".join(clauses))
    if verdict.judgement == "undetermined":
        parts.append("which of the two is wrong is undetermined")
    if verdict.advice:
        parts.append(f"spec that makes them equal: {verdict.advice}")
    return "; ".join(parts)


def _where(verdict: Verdict) -> str:
    step = "" if verdict.step is None else f"at {'update' if verdict.phase in UPDATING else 'step'} {verdict.step}"
    layer = f"layer {verdict.layer}" if verdict.layer and verdict.layer not in verdict.subject else ""
    phase = "" if verdict.phase in UPDATING else verdict.phase
    return ", ".join(filter(None, [verdict.subject, step, verdict.moment, phase, layer]))


def _how_far(verdict: Verdict) -> str:
    """The error of each arm's value: relative for an arm that is wrong, in units in the last place for the other."""
    if verdict.value_reference is None or verdict.value_a is None:
        return ""
    a = (verdict.arm_a, verdict.value_a, verdict.ulp_a)
    b = (verdict.arm_b, verdict.value_b, verdict.ulp_b)
    culprits = verdict.culprit.split(", ")
    clauses: list[str] = []
    for name, value, units in (side for side in (a, b) if side[1] is not None):
        what = f"{name}'s {verdict.tensor or 'value'}" if not clauses else f"{name}'s"
        off = _relative(value, verdict.value_reference) if name in culprits else f"{units:.3g} ULP"
        clauses.append(f"{what} is {off} off{' the reference' if not clauses else ''}")
    at = f" ({verdict.worst_index})" if verdict.worst_index else ""
    return " and ".join(clauses) + at


def _relative(value: float | None, reference: float) -> str:
    off = abs((value if value is not None else float("nan")) - reference)
    return f"{off / abs(reference):.2g}" if reference else f"{off:.2g} (from 0)"


OFF = " is off by "
UPDATING = ("update", "slots")


def _failures(traces: Sequence[Trace]) -> str:
    return "; ".join(f"{trace.arm.name}: {trace.failure}" for trace in traces if trace.failure is not None)


def _reasons(status: str, verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> str:
    """The failures of arms or, without any, the first check of this status and the number of others."""
    failures = _failures(traces)
    first = next((verdict for verdict in verdicts if verdict.status == status), None)
    if failures or first is None:
        return failures
    further = sum(verdict.status == status for verdict in verdicts) - 1
    arms = " and ".join(filter(None, [first.arm_a, first.arm_b]))
    where = ", ".join(filter(None, [f"rung {first.rung}", first.subject, arms]))
    return f"{where}: {first.cause}{f'; and {further} more' if further else ''}"


def _only_the_reference(traces: Sequence[Trace]) -> str:
    if not all(trace.arm.adapter == ORACLE for trace in traces):
        return ""
    return ": the reference was held against itself; give an arm of a framework"


def _recorded(traces: Sequence[Trace]) -> str:
    return ", ".join(f"{trace.arm.name} has {len(trace.epochs)} epochs" for trace in traces)


def _accuracies(traces: Sequence[Trace]) -> str:
    accuracies = [trace.epochs[-1].test_accuracy for trace in traces if trace.epochs]
    finals = [accuracy for accuracy in accuracies if accuracy is not None]
    if len(finals) < 2:
        return ""
    shown = " and ".join(f"{100 * value:.2f} %" for value in finals)
    return f"; test accuracy {shown}, {100 * (max(finals) - min(finals)):.2f} points apart"
