"""The tables of a gate, its `report.md`, and what it leaves for other tools, all from its folder."""

from __future__ import annotations

import math
from pathlib import Path

from harness.records.gate import Gate, GateRow
from harness.report.gate_outputs import BENCHMARK, JUNIT, add_step_summary, benchmark, junit
from harness.report.gate_record import GateRecord
from harness.report.html.writing import write_html_at_end
from harness.report.rows import Table
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.system.text import markdown
from harness.timing.slowdown import ALPHA, BETA, FLOOR, SLOWDOWN

PAGE = "report.md"
HEAD = ["check", "row", "answer", "ratio", "interval", "p slower", "p below", "spread", "processes", "why"]
RULE = (
    f"slower: p slower <= {ALPHA:g} over all rows together, and the ratio at least {1 + FLOOR:g}. not slower: p below "
    f"<= {BETA:g}, that is, a slowdown of {SLOWDOWN:.0%} is excluded. Else undecided."
)


def write_gate_outputs(folder: Path) -> None:
    """Writes the pages, `junit.xml` and `benchmark.json`, and adds `report.md` to the step summary if there is one."""
    pages = made(folder)
    for name, text in pages.items():
        write_text(folder / name, text)
    write_html_at_end(folder)
    if GateRecord.of(folder).gate is not None:
        add_step_summary(pages[PAGE])


def made(folder: Path) -> dict[str, str]:
    """The text of all that is made of the record of a gate, by file."""
    record = GateRecord.of(folder)
    texts = {PAGE: report(record)}
    if record.gate is not None:
        texts |= {JUNIT: junit(record.gate), BENCHMARK: benchmark(record.gate)}
    return texts


def report(record: GateRecord) -> str:
    """The gate as a page of Markdown."""
    lines = ["# Gate", "", f"**{markdown(record.sentence)}**", "", *record.damage_lines]
    if record.gate is not None:
        lines += [*(f"- {markdown(text)}" for text in conditions(record.gate)), ""]
        lines += [as_markdown(*gate_table(record.gate)), "", RULE, ""]
        if record.gate.versions:
            lines += ["## Head and base", "", as_markdown(*version_table(record.gate)), ""]
    return "\n".join(lines)


def conditions(gate: Gate) -> list[str]:
    oldest = [f"oldest baseline: {gate.oldest}"] if gate.oldest else []
    changed = [f"changed: {text}" for text in gate.changed]
    bench = [f"timed in turns: {gate.bench}"] if gate.bench else []
    return [f"head: {gate.head}", f"base: {gate.base}", *oldest, *bench, *changed, *gate.notes]


def gate_table(gate: Gate) -> Table:
    """A row for each check of each row."""
    return HEAD, [_cells(row) for row in gate.rows]


def version_table(gate: Gate) -> Table:
    """What runs head and base, side by side."""
    rows = [
        [line.row, line.what, line.head, line.base, "" if line.head == line.base else "yes"] for line in gate.versions
    ]
    return ["row", "what", "head", "base", "differs"], rows


def _cells(row: GateRow) -> list[str]:
    processes = f"{row.head_processes} : {row.base_processes}" if row.head_processes is not None else ""
    numbers = [
        number_of(row.ratio, "{:.3f}"),
        interval_of(row, "{:.3f} to {:.3f}"),
        number_of(row.p_slower, "{:.2g}"),
        number_of(row.p_below, "{:.2g}"),
        number_of(row.spread, "{:.1%}"),
    ]
    return [row.check, row.subject, row.status, *numbers, processes, row.cause]


def interval_of(row: GateRow, template: str) -> str:
    """The interval of a row's number; empty where it has none."""
    return template.format(row.low, row.high) if row.low is not None and row.high is not None else ""


def number_of(value: float | None, template: str) -> str:
    """A number as text; empty where it is missing."""
    return "" if value is None or math.isnan(value) else template.format(value)
