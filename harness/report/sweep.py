"""The table of a sweep and its page in Markdown: a row for each job, with the values of the swept keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.records.sweep import ArmNumbers, Attempt, Job, Sweep
from harness.report.html.writing import write_html_at_end
from harness.report.rows import Table
from harness.report.sweep_record import SweepRecord
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.scenarios.sweep.search import found_in_words
from harness.system.text import markdown

ACCURACY, LOSS, STEP, SHARE = "test accuracy", "test loss", "time of a step, ms", "largest share of a tolerance"
MEASURED = (ACCURACY, LOSS, STEP)


def write_sweep_report(folder: Path) -> None:
    """Writes the pages into the folder of a sweep."""
    write_text(folder / "report.md", report(SweepRecord.of(folder)))
    write_html_at_end(folder)


def report(record: SweepRecord) -> str:
    """The sweep as a page of Markdown, from its folder alone."""
    lines = [f"# {markdown(title(record))}", "", markdown(record.sentence), "", *record.damage_lines, ""]
    if record.sweep is not None:
        lines += [f"- {markdown(text)}" for text in conditions(record.sweep, record.rows)]
        lines += ["", as_markdown(*sweep_table(record.sweep, record.rows)), ""]
        if failed := failure_table(record)[1]:
            lines += [
                "## Attempts that did not come to their end",
                "",
                as_markdown(failure_table(record)[0], failed),
                "",
            ]
    return "\n".join(lines)


def title(record: SweepRecord) -> str:
    """What the sweep is of."""
    return f"{', '.join(record.sweep.keys) or record.sweep.verb}, swept" if record.sweep else "Sweep"


def conditions(sweep: Sweep, rows: Sequence[Attempt | None]) -> list[str]:
    """What is to be known of the table."""
    again = sum(row is not None and row.number > 1 for row in rows)
    texts = [f"{sweep.verb} of {len(sweep.jobs):,} jobs; the values that are not swept are in sweep.json."]
    if found := found_in_words(sweep, rows):
        texts.append(found)
    if again:
        texts.append(f"{again:,} jobs have been run again.")
    texts += [f"job {row.job}: {row.device_flag}" for row in rows if row is not None and row.device_flag]
    if "seed" in sweep.keys:
        texts.append("Each seed is a job that is judged by itself; a study over seeds judges their pairs together.")
    return texts


def sweep_table(sweep: Sweep, rows: Sequence[Attempt | None], has_folders: bool = True) -> Table:
    """A row for each job. Columns in which nothing was measured are left out; of several arms a cell has all."""
    arms = list(dict.fromkeys(name for row in rows if row for name in row.arms))
    measured = [name for name in MEASURED if any(row and _cell(row, arms, name) for row in rows)]
    has_shares = any(row and row.share is not None for row in rows)
    head = ["job", *sweep.keys, "verdict", *(f"{name} ({' / '.join(arms)})" for name in measured)]
    head += [SHARE] * has_shares + ["wall time, s"] + ["folder"] * has_folders
    lines = []
    for job, row in zip(sweep.jobs, rows, strict=True):
        cells = [
            str(job.number),
            *(job.values.get(key, "") for key in sweep.keys),
            "waiting" if row is None else row.outcome,
        ]
        cells += ["" if row is None else _cell(row, arms, name) for name in measured]
        cells += ["" if row is None or row.share is None else f"{row.share:.1%}"] * has_shares
        cells.append("" if row is None or row.wall_s is None else f"{row.wall_s:.1f}")
        lines.append([*cells, *([row.folder if row else job.place] * has_folders)])
    return head, lines


def failure_table(record: SweepRecord) -> Table:
    """A row for each attempt that left no complete run, with the reason."""
    head = ["job", "attempt", "status", "host", "why"]
    rows = [
        [str(row.job), str(row.number), row.status, row.host, row.message or row.sentence]
        for attempts in record.attempts.values()
        for row in attempts
        if row.status != "done"
    ]
    return head, rows


def _cell(row: Attempt, arms: Sequence[str], name: str) -> str:
    texts = [_number(row.arms.get(arm, ArmNumbers()), name) for arm in arms]
    return " / ".join(text or "-" for text in texts) if any(texts) else ""


def _number(numbers: ArmNumbers, name: str) -> str:
    if name == ACCURACY:
        return "" if numbers.test_accuracy is None else f"{numbers.test_accuracy:.2%}"
    if name == LOSS:
        return "" if numbers.test_loss is None else f"{numbers.test_loss:.5f}"
    return "" if numbers.step_time_s is None else f"{1e3 * numbers.step_time_s:.3g}"


def values_in_words(job: Job) -> str:
    """The values of the swept keys as they are typed."""
    return " ".join(f"{key}={value}" for key, value in job.values.items())
