"""What a run comes to: one line, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from harness.parity.verdict import Verdict
from harness.results.trace import Trace

AGREES, DIVERGES, MISTAKE, CRASHED, UNVERIFIED, INTERRUPTED = 0, 1, 2, 3, 4, 130

EXIT_CODES = {
    AGREES: "all agree, or the difference is known, or an arm says that it does not support the spec",
    DIVERGES: "at least one divergence",
    MISTAKE: "a mistake in what was asked for; nothing was written",
    CRASHED: "an arm crashed or ran out of time; the others finished",
    UNVERIFIED: "a framework or a device is missing, or seeds are too few, so something could not be compared",
    INTERRUPTED: "interrupted with Ctrl-C; what was recorded is kept",
}


def exit_code(verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> int:
    """The gravest thing that happened: interrupted, crashed, diverges, unverified, agrees."""
    statuses = {verdict.status for verdict in verdicts} | {trace.status for trace in traces}
    for status, code in (
        ("interrupted", INTERRUPTED),
        ("crashed", CRASHED),
        ("diverges", DIVERGES),
        ("unverified", UNVERIFIED),
    ):
        if status in statuses:
            return code
    return AGREES


def in_one_line(verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> str:
    """The outcome as a sentence: the first thing that went wrong, or what agrees."""
    code = exit_code(verdicts, traces)
    divergence = next((verdict for verdict in verdicts if verdict.status == "diverges"), None)
    rungs = ", ".join(dict.fromkeys(verdict.rung for verdict in verdicts if verdict.status in ("agrees", "known")))
    if code == INTERRUPTED:
        return f"INTERRUPTED: {_recorded(traces)}"
    if code == CRASHED:
        return f"CRASHED: {_failures(traces)}; {_recorded(traces)}"
    if divergence is not None:
        return f"DIVERGES: {sentence(divergence)}"
    if code == UNVERIFIED:
        return f"UNVERIFIED: {_failures(traces)}"
    names = [trace.arm.name for trace in traces if trace.failure is None]
    agreed = f"AGREES: {' and '.join(names)} on {rungs}{_accuracies(traces)}"
    if len(names) == len(traces):
        return agreed
    left_out = f"UNSUPPORTED: {_failures(traces)}"
    return f"{agreed}; {left_out}" if len(names) > 1 else left_out


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


def _recorded(traces: Sequence[Trace]) -> str:
    return ", ".join(f"{trace.arm.name} has {len(trace.epochs)} epochs" for trace in traces)


def _accuracies(traces: Sequence[Trace]) -> str:
    found = [trace.epochs[-1].test_accuracy for trace in traces if trace.epochs]
    finals = [accuracy for accuracy in found if accuracy is not None]
    if len(finals) < 2:
        return ""
    shown = " and ".join(f"{100 * value:.2f} %" for value in finals)
    return f"; test accuracy {shown}, {100 * (max(finals) - min(finals)):.2f} points apart"
