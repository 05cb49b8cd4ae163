"""What a run comes to: one line, and an exit code.

AGREES is earned: by a run that came to its end, in which at least one check that could have failed did not. The
reference held against itself is no such check.
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
    """Why a run did not come to its end. `reason` is one line."""

    kind: UnfinishedKind
    reason: str

    @property
    def exit_code(self) -> int:
        return {"interrupted": INTERRUPTED, "internal": INTERNAL}.get(self.kind, UNFINISHED)

    @property
    def can_be_shown(self) -> bool:
        """Whether there is anybody to show tables to."""
        return self.kind != "output"


def exit_code(verdicts: Sequence[Verdict], traces: Sequence[Trace], unfinished: Unfinished | None = None) -> int:
    """The gravest thing that happened: unfinished, interrupted, crashed, diverges, unverified, agrees."""
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
    """Whether a check that could have failed did not: one of an arm that is not the reference itself.

    `traces` say which arms are the reference; where there are none, of recorded runs, each is taken at its word.
    """
    oracles = {ORACLE, *(trace.arm.name for trace in traces if trace.arm.adapter == ORACLE)}
    tried = {trace.arm.name for trace in traces} or {name for v in verdicts for name in (v.arm_a, v.arm_b)}
    independent = tried - oracles
    return any(v.status in ("agrees", "known") and {v.arm_a, v.arm_b} & independent for v in verdicts)


def in_one_line(verdicts: Sequence[Verdict], traces: Sequence[Trace], unfinished: Unfinished | None = None) -> str:
    """The outcome as a sentence: the first thing that went wrong, or what agrees."""
    code = exit_code(verdicts, traces, unfinished)
    divergence = next((verdict for verdict in verdicts if verdict.status == "diverges"), None)
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
    """A divergence as one sentence: rung, place, who is how far off, why, and what makes the two equal."""
    off = _how_far(verdict) or (f"at {verdict.worst_index}" if verdict.worst_index else "")
    parts = [f"the {verdict.rung} rung diverges first: {', '.join(filter(None, [_where(verdict), off]))}"]
    # That an arm is off has been said, and by how much.
    news = [each for each in verdict.cause.split("; ") if each and not (_how_far(verdict) and OFF in each)]
    if news:
        parts.append(f"cause: {'; '.join(news)}" if _how_far(verdict) else "; ".join(news))
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
    """Of the worse arm how far its value is off, relatively; of the other in units in the last place."""
    if verdict.value_reference is None or verdict.value_a is None:
        return ""
    a = (verdict.arm_a, verdict.value_a, verdict.ulp_a)
    b = (verdict.arm_b, verdict.value_b, verdict.ulp_b)
    wrong = verdict.culprit.split(", ")
    said: list[str] = []
    for name, value, units in (each for each in (a, b) if each[1] is not None):
        what = f"{name}'s {verdict.tensor or 'value'}" if not said else f"{name}'s"
        off = _relative(value, verdict.value_reference) if name in wrong else f"{units:.3g} ULP"
        said.append(f"{what} is {off} off{' the reference' if not said else ''}")
    at = f" ({verdict.worst_index})" if verdict.worst_index else ""
    return " and ".join(said) + at


def _relative(value: float | None, reference: float) -> str:
    off = abs((value if value is not None else float("nan")) - reference)
    return f"{off / abs(reference):.2g}" if reference else f"{off:.2g} (from 0)"


OFF = " is off by "
UPDATING = ("update", "slots")


def _failures(traces: Sequence[Trace]) -> str:
    return "; ".join(f"{trace.arm.name}: {trace.failure}" for trace in traces if trace.failure is not None)


def _reasons(status: str, verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> str:
    """Why arms failed or, where none did, the first check of this status."""
    failures = _failures(traces)
    first = next((verdict for verdict in verdicts if verdict.status == status), None)
    if failures or first is None:
        return failures
    others = sum(verdict.status == status for verdict in verdicts) - 1
    arms = " and ".join(filter(None, [first.arm_a, first.arm_b]))
    where = ", ".join(filter(None, [f"rung {first.rung}", first.subject, arms]))
    return f"{where}: {first.cause}{f'; and {others} more' if others else ''}"


def _only_the_reference(traces: Sequence[Trace]) -> str:
    if not all(trace.arm.adapter == ORACLE for trace in traces):
        return ""
    return ": the reference was held against itself; give an arm of a framework"


def _recorded(traces: Sequence[Trace]) -> str:
    return ", ".join(f"{trace.arm.name} has {len(trace.epochs)} epochs" for trace in traces)


def _accuracies(traces: Sequence[Trace]) -> str:
    found = [trace.epochs[-1].test_accuracy for trace in traces if trace.epochs]
    finals = [accuracy for accuracy in found if accuracy is not None]
    if len(finals) < 2:
        return ""
    shown = " and ".join(f"{100 * value:.2f} %" for value in finals)
    return f"; test accuracy {shown}, {100 * (max(finals) - min(finals)):.2f} points apart"
