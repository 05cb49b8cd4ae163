"""`report.md` of a run: its tables, made from the run's folder alone."""

from __future__ import annotations

from pathlib import Path

from harness.report.folder_record import sources_section
from harness.report.pictures import flips_section
from harness.report.plots import envelope_plot
from harness.report.run_contents import DETECTS, PARITY, conditions, run_tables
from harness.report.run_record import RunRecord
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.system.text import markdown

PICTURE = "trajectory.png"


def write_report(folder: Path) -> None:
    """Writes `report.md` into the folder of a run that is complete or known to be unfinished."""
    write_text(folder / "report.md", report(RunRecord.of(folder)))


def report(run: RunRecord) -> str:
    """The run as a page of Markdown. Of a complete run, the pictures of the page are written into the folder."""
    lines = [
        f"# {markdown(run.experiment.name if run.experiment else run.folder.name)}",
        "",
        f"**{markdown(run.sentence)}**",
        "",
        *run.damage_lines,
        *(f"- {markdown(text)}" for text in conditions(run)),
        "",
    ]
    for title, table in run_tables(run).items():
        lines += [f"## {title}", "", as_markdown(*table), ""]
        lines += [DETECTS, ""] if title == PARITY else []
    if run.is_complete:
        lines += _free_runs(run)
        count = int(run.plan.get("samples", {}).get("test", 0))
        lines += flips_section(run.flips, run.flipped_images, count, run.folder)
    return "\n".join([*lines, *sources_section(run.verdicts)])


def _free_runs(run: RunRecord) -> list[str]:
    """The section on the free runs, with their picture and the bounds; no line where no free runs were made."""
    if (free_runs := run.free_runs) is None:
        return []
    table, facts = free_runs
    envelope_plot(run.folder / PICTURE, table, facts)
    lines = [f"![{PICTURE}]({PICTURE})", "", *(f"- {markdown(bound)}" for bound in facts["bounds"])]
    return ["## Free runs in the chaos envelope", "", *lines, ""]
