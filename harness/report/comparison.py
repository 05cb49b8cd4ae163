"""The tables of a comparison and its `report.md`, which are made from its folder alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.records.verdict import Verdict
from harness.report.comparison_record import ComparisonRecord
from harness.report.folder_record import sources_section
from harness.report.html.writing import write_html_at_end
from harness.report.rows import MIB, Table, number, ulps
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.rungs import convergence
from harness.subjects.recorded.facts import ArmFacts, PartFacts
from harness.system.text import markdown

FEW_STEPS = "float32 curves are judged over the first steps, before rounding has grown; the rest is shown, not judged"
NO_INTERVAL = "times are of one run each: without an interval, and so without a verdict"

Sides = tuple[float | None, float | None]

CHANGED = ["what", "A", "B"]
DIFFERENCES = ["quantity", "values", "bit for bit", "first apart at", "most apart, relative"]
OTHER_OUTCOMES = ["rung", "what", "A", "B"]
# How a measured quantity is shown: the factor to the unit of the table, and the format.
UNITS = {
    "import": (1.0, "{:.2f} s"),
    "compile": (1.0, "{:.2f} s"),
    "step, median": (1e3, "{:.3f} ms"),
    "samples/s": (1.0, "{:,.0f}"),
    "training": (1.0, "{:.2f} s"),
    "peak memory": (1 / MIB, "{:,.0f} MiB"),
}


def write_comparison_report(folder: Path) -> None:
    """Writes the pages."""
    write_text(folder / "report.md", report(ComparisonRecord.of(folder)))
    write_html_at_end(folder)


def report(comparison: ComparisonRecord) -> str:
    """The comparison as a page of Markdown."""
    lines = ["# Two runs compared", "", f"**{markdown(comparison.sentence)}**", "", *comparison.damage_lines]
    lines += [*(f"- {markdown(side)}" for side in sides(comparison)), ""]
    for part, verdicts in comparison.parts:
        lines += [line for note in notes(part) for line in (markdown(note), "")]
        for title, table in part_tables(part, verdicts):
            lines += [f"## {markdown(title)}", "", as_markdown(*table), ""]
    if comparison.facts is None and comparison.verdicts:
        lines += ["## verdicts", "", as_markdown(*verdict_table(comparison.verdicts)), ""]
    return "\n".join([*lines, *sources_section(comparison.verdicts)])


def sides(comparison: ComparisonRecord) -> list[str]:
    """A line for each of the two folders; none where the facts cannot be read."""
    facts = comparison.facts
    return [f"A: {facts.a}", f"B: {facts.b}"] if facts else []


def notes(part: PartFacts) -> Iterator[str]:
    """The lines above the tables of a part."""
    if part.variant:
        yield f"{part.variant}:"
    yield f"judge: {part.judged_by}"
    yield from part.notes
    for arms in part.arms:
        yield f"{arms.name}: {arms.in_words}"
    if part.arms:
        yield FEW_STEPS
        yield NO_INTERVAL


def part_tables(part: PartFacts, verdicts: Sequence[Verdict]) -> list[tuple[str, Table]]:
    """The tables of a part that have a row, with their titles."""
    titled: list[tuple[str, Table]] = []
    prefix = f"{part.variant}, " if part.variant else ""
    for arms in part.arms:
        heading = f"{prefix}{arms.name}"
        titled += [
            (f"{heading}: what changed", (CHANGED, _as_lists(arms.changed))),
            (f"{heading}: what both recorded", (DIFFERENCES, _as_lists(arms.differences))),
            (
                f"{heading}: checks of the runs themselves that came out otherwise",
                (OTHER_OUTCOMES, _as_lists(arms.other_outcomes)),
            ),
            (f"{heading}: time and memory", time_table(arms)),
        ]
    titled.append((f"{prefix}verdicts", verdict_table(verdicts)))
    return [(title, table) for title, table in titled if table[1]]


def _as_lists(cells: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(row) for row in cells]


def time_table(arms: ArmFacts) -> Table:
    """The measured times and memory of A and of B, and their ratio B / A; empty where one of them was not measured."""
    return ["what", "A", "B", "B / A"], [[row[0], *times_in_words(*row)] for row in arms.times]


def times_in_words(quantity: str, a: float | None, b: float | None) -> list[str]:
    """A measured quantity of A, of B, and its ratio; empty where one was not measured."""
    factor, template = UNITS.get(quantity, (1.0, "{:.4g}"))
    values = [number(None if value is None else factor * value, template) for value in (a, b)]
    return [*values, number(b / a if a and b else None, "{:.2f}")]


@dataclass(frozen=True)
class Measured:
    """What was measured of two arms in one part: of A, and of B. `times`: by quantity, in seconds and bytes."""

    variant: str
    arms: str
    in_words: str
    accuracy: Sides
    times: Mapping[str, Sides]


def measured(parts: Iterable[tuple[PartFacts, Sequence[Verdict]]]) -> Iterator[Measured]:
    """Every two arms of every part; those over all seeds of two studies have accuracies only."""
    for part, verdicts in parts:
        scores = {_name_of(v): (v.value_a, v.value_b) for v in verdicts if v.rung == convergence.NAME}
        for arms in part.arms:
            times = {quantity: (a, b) for quantity, a, b in arms.times}
            yield Measured(part.variant, arms.name, arms.in_words, scores.pop(arms.name, (None, None)), times)
        for name, accuracy in scores.items():
            yield Measured(part.variant, name, "", accuracy, {})


def _name_of(verdict: Verdict) -> str:
    """The name of two arms, as `ArmFacts` has it."""
    a, b = verdict.arm_a.partition(".")[2], verdict.arm_b.partition(".")[2]
    return a if a == b else f"{a} : {b}"


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """A row for each verdict."""
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
