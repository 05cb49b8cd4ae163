"""What stands in the tables, as text: one place for the terminal and for `report.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import schedule

Table = tuple[list[str], list[list[str]]]
MIB = 2**20


def schedule_table(verdicts: Sequence[Verdict]) -> Table:
    """One row per form, and one per pair of arms."""
    head = ["schedule: form", "arm", "against", "worst ULP", "at", "value", "reference", "verdict", "how"]
    rows = [
        [
            verdict.subject,
            verdict.arm_a,
            verdict.arm_b,
            ulps(verdict.worst_ulp),
            verdict.worst_index,
            number(verdict.value_a),
            number(verdict.value_reference),
            verdict.status,
            verdict.cause,
        ]
        for verdict in verdicts
        if verdict.rung == schedule.NAME
    ]
    return head, rows


def ladder_table(verdicts: Sequence[Verdict]) -> Table:
    """Every other rung. `detects` is the smallest relative error that the check was seen to notice."""
    head = ["rung", "what", "arms", "worst ULP", "at", "of tolerance", "verdict", "wrong", "detects", "cause"]
    rows = [
        [
            verdict.rung,
            verdict.subject,
            _arms(verdict),
            ulps(verdict.worst_ulp),
            verdict.worst_index,
            number(verdict.error_over_tolerance, "{:.1%}"),
            verdict.status,
            verdict.culprit or verdict.judgement.replace("both right", "") if verdict.status == "diverges" else "",
            number(verdict.detects, "{:.0e}"),
            "; ".join(filter(None, [verdict.cause, verdict.advice])),
        ]
        for verdict in verdicts
        if verdict.rung != schedule.NAME
    ]
    return head, rows


def rung_table(verdicts: Sequence[Verdict]) -> Table:
    """How many checks each rung made, what came of them, and the worst disagreements that needed no ledger entry.

    The most units in the last place are where a small value is left after larger ones have cancelled; how much of its
    tolerance an error used is the fairer measure, so both stand here, with the middle one of all.
    """
    counted = ("agrees", "known", "unsupported", "diverges")
    head = ["rung", "checks", "agree", "known", "unsupported", "diverge", "other"]
    head += ["median ULP", "worst ULP", "of", "most of tolerance", "by"]
    rows = []
    for rung in dict.fromkeys(verdict.rung for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.rung == rung]
        counts = [sum(v.status == status for v in mine) for status in counted]
        found = {v.subject: v.worst_ulp for v in mine if v.status == "agrees" and v.worst_ulp is not None}
        used = {v.subject: v.error_over_tolerance for v in mine if v.status == "agrees" and v.error_over_tolerance}
        cells = [str(count or "") for count in (*counts, len(mine) - sum(counts))]
        cells += [ulps(median(found.values())), *_largest(found, ulps)] if found else [""] * 3
        cells += _largest(used, "{:.1%}".format) if used else [""] * 2
        rows.append([rung, str(len(mine)), *cells])
    return head, rows


def _largest(of: dict[str, float], shown: Callable[[float], str]) -> list[str]:
    subject = max(of, key=lambda each: of[each])
    return [shown(of[subject]), subject]


def _arms(verdict: Verdict) -> str:
    return " : ".join(filter(None, [verdict.arm_a, verdict.arm_b]))


def runs_as(row: dict[str, Any]) -> list[str]:
    """Mode, device, precision, policy, and what the arm's environment sets."""
    return [*(str(row[key]) for key in RUNS_AS), *row["settings"]]


RUNS_AS = ("mode", "device", "precision", "realisation")
COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("arm", lambda row: row["arm"]),
    ("runs as", lambda row: ", ".join(runs_as(row))),
    ("status", lambda row: row["status"]),
    ("test accuracy", lambda row: number(row["test_accuracy"], "{:.2%}")),
    ("test loss", lambda row: number(row["test_loss"], "{:.6f}")),
    ("train loss", lambda row: number(row["train_loss"], "{:.6f}")),
    ("scored", lambda row: number(row["samples_scored"], "{:,}")),
    ("compile", lambda row: number(row["compile_time_s"], "{:.2f} s")),
    ("step, median", lambda row: number(row["step_time_s"] and 1e3 * row["step_time_s"], "{:.2f} ms")),
    ("samples/s", lambda row: number(row["samples_per_s"], "{:,.0f}")),
    ("training", lambda row: number(row["train_time_s"], "{:.1f} s")),
    ("peak memory", lambda row: number(row["peak_rss_bytes"] and row["peak_rss_bytes"] / MIB, "{:,.0f} MiB")),
)


def summary_table(traces: Sequence[Trace]) -> Table:
    """Accuracy and timing, one row per arm."""
    return [name for name, _ in COLUMNS], [[cell(t.summary()) for _, cell in COLUMNS] for t in traces]


def ulps(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 1000 else f"{value:.2g}"


def number(value: Any, shape: str = "{:.7g}") -> str:
    return "" if value is None else shape.format(value)
