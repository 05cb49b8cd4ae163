"""The cells of the tables as text, for the terminal and for `report.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from harness.records.trace import Trace
from harness.records.verdict import Verdict

Table = tuple[list[str], list[list[str]]]
MIB = 2**20
SCHEDULE = "schedule"  # the rung that has a table of its own


def schedule_table(verdicts: Sequence[Verdict]) -> Table:
    """The checks of the schedule rung: a row for each form of the schedule, and one for every two arms."""
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
        if verdict.rung == SCHEDULE
    ]
    return head, rows


def ladder_table(verdicts: Sequence[Verdict]) -> Table:
    """The checks of all other rungs. `detects` is the smallest relative error that the check was seen to notice."""
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
        if verdict.rung != SCHEDULE
    ]
    return head, rows


def rung_table(verdicts: Sequence[Verdict]) -> Table:
    """A row for each rung: its checks by outcome, and the largest errors of those that agree.

    An error is largest in units in the last place where a small value is left after larger ones have cancelled. Its
    share of the tolerance is the fairer measure, so the table has both, and the median.
    """
    statuses = ("agrees", "known", "unsupported", "diverges")
    head = ["rung", "checks", "agree", "known", "unsupported", "diverge", "other"]
    head += ["median ULP", "worst ULP", "of", "most of tolerance", "by"]
    rows = []
    for rung, rung_verdicts in by_rung(verdicts).items():
        counts = [sum(v.status == status for v in rung_verdicts) for status in statuses]
        ulps_by_subject = {
            v.subject: v.worst_ulp for v in rung_verdicts if v.status == "agrees" and v.worst_ulp is not None
        }
        share_by_subject = {
            v.subject: v.error_over_tolerance for v in rung_verdicts if v.status == "agrees" and v.error_over_tolerance
        }
        cells = [str(count or "") for count in (*counts, len(rung_verdicts) - sum(counts))]
        cells += (
            [ulps(median(ulps_by_subject.values())), *_largest(ulps_by_subject, ulps)] if ulps_by_subject else [""] * 3
        )
        cells += _largest(share_by_subject, "{:.1%}".format) if share_by_subject else [""] * 2
        rows.append([rung, str(len(rung_verdicts)), *cells])
    return head, rows


def by_rung(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts by the name of their rung, in the order in which the rungs came first."""
    rungs: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        rungs.setdefault(verdict.rung, []).append(verdict)
    return rungs


def _largest(values: dict[str, float], as_text: Callable[[float], str]) -> list[str]:
    """The largest value and its key."""
    subject = max(values, key=lambda key: values[key])
    return [as_text(values[subject]), subject]


def _arms(verdict: Verdict) -> str:
    return " : ".join(filter(None, [verdict.arm_a, verdict.arm_b]))


def runs_as(row: dict[str, Any]) -> list[str]:
    """Mode, device, precision and policy of an arm, its environment's settings, and whether it was timed under load."""
    return [*(str(row[key]) for key in RUNS_AS), *row["settings"], *filter(None, [row.get("load")])]


def _step_time(row: dict[str, Any]) -> str:
    time = number(row["step_time_s"] and 1e3 * row["step_time_s"], "{:.2f} ms")
    return f"{time}, under load" if time and row.get("load") else time


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
    ("step, median", _step_time),
    ("samples/s", lambda row: number(row["samples_per_s"], "{:,.0f}")),
    ("training", lambda row: number(row["train_time_s"], "{:.1f} s")),
    ("peak memory", lambda row: number(row["peak_rss_bytes"] and row["peak_rss_bytes"] / MIB, "{:,.0f} MiB")),
)


def summary_table(traces: Sequence[Trace]) -> Table:
    """A row for each arm: how it ran, its accuracy, its losses, its times and its memory."""
    return [name for name, _ in COLUMNS], [[cell(t.summary()) for _, cell in COLUMNS] for t in traces]


SCREEN_COLUMNS: tuple[tuple[str, str], ...] = (
    ("arm", "arm"),
    ("accuracy", "test accuracy"),
    ("test loss", "test loss"),
    ("step", "step, median"),
    ("samples/s", "samples/s"),
    ("training", "training"),
    ("memory", "peak memory"),
)
# What a narrow screen leaves out first.
DISPENSABLE = ("memory", "samples/s", "test loss", "training")


def screen_table(traces: Sequence[Trace]) -> Table:
    """The part of `summary_table` that fits on a screen; with the status of the arms where one is not complete."""
    cells = dict(COLUMNS)
    columns = [*SCREEN_COLUMNS]
    if any(trace.status != "complete" for trace in traces):
        columns.insert(1, ("status", "status"))
    summaries = [trace.summary() for trace in traces]
    return [head for head, _ in columns], [[cells[name](summary) for _, name in columns] for summary in summaries]


def ulps(value: float | None) -> str:
    """An error in units in the last place; empty for None."""
    if value is None:
        return ""
    return f"{value:.1f}" if value < 1000 else f"{value:.2g}"


def number(value: Any, template: str = "{:.7g}") -> str:
    """A number in the format of `template`; empty for None."""
    return "" if value is None else template.format(value)
