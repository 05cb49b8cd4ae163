"""How a bench ended: its verdicts, its exit code, its sentence."""

from __future__ import annotations

import math

from harness.records import outcome
from harness.records.exit_codes import AGREES
from harness.records.outcome import Unfinished
from harness.records.timing import Ended
from harness.records.verdict import Verdict
from harness.results.timings import Timings
from harness.subjects.bench.summary import RowSummary, summaries
from harness.timing.intervals import Interval

RUNG = "bench"
ENDED: dict[Ended, str] = {
    "precision": "the interval of every ratio is narrow enough",
    "budget": "no further round fits into the budget",
    "failed": "no row is left that could be timed",
    "first look": "at the first look every row is not slower",
    "last look": "these are the rounds of the last look",
}


def verdicts(timings: Timings) -> list[Verdict]:
    """One verdict for each row: whether its time counts."""
    return [
        Verdict(rung=RUNG, subject=row.row.name, arm_a=row.row.arm, status=row.status, cause="; ".join(row.notes))
        for row in summaries(timings)
    ]


def exit_code(timings: Timings, unfinished: Unfinished | None = None) -> int:
    """That of the gravest row, as for a run."""
    return outcome.exit_code(verdicts(timings), [], unfinished)


def in_one_line(timings: Timings, unfinished: Unfinished | None = None) -> str:
    """What the rows took, relative to the first; before it what keeps a row's time from counting."""
    rows = summaries(timings)
    code = exit_code(timings, unfinished)
    found = "; ".join(filter(None, map(_sentence, rows))) or "nothing was timed to its end"
    if unfinished is not None:
        word = "INTERRUPTED" if unfinished.kind == "interrupted" else "UNFINISHED"
        return f"{word}: {unfinished.reason}; {found}"
    if code == AGREES:
        return f"TIMED: {found}"
    gravest = next(
        row for row, own in zip(rows, verdicts(timings), strict=True) if outcome.exit_code([own], [], None) == code
    )
    return f"{limits(gravest)}; {found}"


def limits(row: RowSummary) -> str:
    """The status of a row, and what limits its time: `DIVERGES: mindspore: parity: ...`."""
    return f"{row.status.upper()}: {row.row.name}: {'; '.join(row.notes)}"


def _sentence(row: RowSummary) -> str:
    if not row.processes:
        return ""
    if row.ratio is None:
        return f"{row.row.name} takes {in_ms(row.step_s)} a step"
    than = f" as {row.base.name}" if row.base.base_of else ""
    return f"{row.row.name} {as_ratio(row.ratio)} times as long{than}"


def in_ms(interval: Interval) -> str:
    """`8.31 ms (8.20 to 8.45)`, without the interval where there is none."""
    text = f"{1e3 * interval.estimate:.3g} ms"
    return f"{text} ({1e3 * interval.low:.3g} to {1e3 * interval.high:.3g})" if math.isfinite(interval.low) else text


def as_ratio(interval: Interval) -> str:
    """`1.23 (1.20 to 1.27)`, without the interval where there is none."""
    if not math.isfinite(interval.estimate):
        return "unknown"
    text = f"{interval.estimate:.3f}"
    is_bounded = interval.low > 0 and math.isfinite(interval.high)
    return f"{text} ({interval.low:.3f} to {interval.high:.3f})" if is_bounded else text
