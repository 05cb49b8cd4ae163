"""What `compare` prints, and its `report.md`: both from the folder of the comparison alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.records.exit_codes import AGREES
from harness.records.verdict import Verdict
from harness.report.comparison_record import ComparisonRecord
from harness.report.folder_record import sources_section
from harness.report.rows import MIB, Table, number, ulps
from harness.report.tables import as_markdown, console, draw, line
from harness.results.store import write_text
from harness.subjects.recorded.facts import ArmFacts, PartFacts
from harness.system.text import markdown

PROSE = ("cause", "A", "B", "what")
FEW_STEPS = "float32 curves are judged over the first steps, before rounding has grown; the rest is shown, not judged"
NO_INTERVAL = "times are of one run each: without an interval, and so without a verdict"


CHANGED = ["what", "A", "B"]
DIFFERENCES = ["quantity", "values", "bit for bit", "first apart at", "most apart, relative"]
OTHER_OUTCOMES = ["rung", "what", "A", "B"]
# How what was measured is shown: in how many of its units, and as what.
UNITS = {
    "import": (1.0, "{:.2f} s"),
    "compile": (1.0, "{:.2f} s"),
    "step, median": (1e3, "{:.3f} ms"),
    "samples/s": (1.0, "{:,.0f}"),
    "training": (1.0, "{:.2f} s"),
    "peak memory": (1 / MIB, "{:,.0f} MiB"),
}


def show(folder: Path) -> None:
    """Prints the comparison that is in a folder."""
    comparison, on = ComparisonRecord.of(folder), console()
    for head in _heads(comparison):
        on.print(head, soft_wrap=True)
    for part, verdicts in comparison.parts:
        on.print()
        for text in _texts(part):
            on.print(text, soft_wrap=True)
        for title, table in _tables(part, verdicts):
            on.print(line((title, "bold")), soft_wrap=True)  # not the table's own, which wraps at its width
            draw(on, "", *table, PROSE)
            on.print()
    colour = "green" if comparison.exit_code == AGREES else "bold red"
    on.print(line((comparison.sentence, colour)), soft_wrap=True)
    on.print(f"results: {folder}", soft_wrap=True)


def write_page(folder: Path) -> None:
    """Writes `report.md`."""
    write_text(folder / "report.md", report(ComparisonRecord.of(folder)))


def report(comparison: ComparisonRecord) -> str:
    """The comparison as a page of Markdown."""
    lines = ["# Two runs compared", "", f"**{markdown(comparison.sentence)}**", "", *comparison.damage_lines]
    lines += [*(f"- {markdown(head)}" for head in _heads(comparison)), ""]
    for part, verdicts in comparison.parts:
        lines += [line for text in _texts(part) for line in (markdown(text), "")]
        for title, table in _tables(part, verdicts):
            lines += [f"## {markdown(title)}", "", as_markdown(*table), ""]
    if comparison.facts is None and comparison.verdicts:
        lines += ["## verdicts", "", as_markdown(*verdict_table(comparison.verdicts)), ""]
    return "\n".join([*lines, *sources_section(comparison.verdicts)])


def _heads(comparison: ComparisonRecord) -> list[str]:
    facts = comparison.facts
    return [f"A: {facts.a}", f"B: {facts.b}"] if facts else []


def _texts(part: PartFacts) -> Iterator[str]:
    if part.variant:
        yield f"{part.variant}:"
    yield f"judge: {part.judged_by}"
    yield from part.notes
    for arms in part.arms:
        yield f"{arms.name}: {arms.in_words}"
    if part.arms:
        yield FEW_STEPS
        yield NO_INTERVAL


def _tables(part: PartFacts, verdicts: Sequence[Verdict]) -> list[tuple[str, Table]]:
    """Those that have a row, with their titles."""
    titled: list[tuple[str, Table]] = []
    above = f"{part.variant}, " if part.variant else ""
    for arms in part.arms:
        of = f"{above}{arms.name}"
        titled += [
            (f"{of}: what changed", (CHANGED, _rows(arms.changed))),
            (f"{of}: what both recorded", (DIFFERENCES, _rows(arms.differences))),
            (
                f"{of}: checks of the runs themselves that came out otherwise",
                (OTHER_OUTCOMES, _rows(arms.other_outcomes)),
            ),
            (f"{of}: time and memory", time_table(arms)),
        ]
    titled.append((f"{above}verdicts", verdict_table(verdicts)))
    return [(title, table) for title, table in titled if table[1]]


def _rows(cells: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(row) for row in cells]


def time_table(arms: ArmFacts) -> Table:
    """What each took, and how many times as much B took as A."""
    rows = []
    for what, a, b in arms.times:
        scale, shape = UNITS.get(what, (1.0, "{:.4g}"))
        shown = [number(None if value is None else scale * value, shape) for value in (a, b)]
        rows.append([what, *shown, number(b / a if a and b else None, "{:.2f}")])
    return ["what", "A", "B", "B / A"], rows


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    head = ["rung", "what", "arms", "worst ULP", "at", "of tolerance", "verdict", "by the reference", "cause"]
    rows = [
        [
            v.rung,
            v.subject,
            " : ".join(filter(None, (v.arm_a, v.arm_b))),
            ulps(v.worst_ulp),
            v.worst_index,
            number(v.error_over_tolerance, "{:.1%}"),
            v.status,
            v.judgement,
            v.cause,
        ]
        for v in verdicts
    ]
    return head, rows
