"""The tables and sentences of a bench, and its page `report.md`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.records.timing import Bench, Estimate, Row
from harness.report.bench_record import BenchRecord
from harness.report.bench_rows import machine_table, phase_table, round_table, time_table
from harness.report.html.writing import write_html_at_end
from harness.report.rows import Table
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.subjects.bench.control import Control
from harness.subjects.bench.fairness import differences
from harness.subjects.bench.outcome import ENDED
from harness.system.text import markdown
from harness.timing.power import MOST_PROCESSES
from harness.timing.slowdown import fewest_processes


def cost_in_words(bench: Bench) -> str:
    """What the bench was estimated to cost, and the smallest slowdown that it can tell."""
    estimate, asked = bench.estimate, bench.measurement
    if estimate is None:
        return ""
    if bench.base is not None:
        return _cost_of_gate(bench, estimate)
    budget = f"budget_s={asked.budget_s:g}"
    needed_s = estimate.round_s * asked.processes
    if estimate.rounds >= asked.processes:
        text = (
            f"about {estimate.round_s:.0f} s a round, {needed_s:.0f} s for {asked.processes} processes a row; {budget} "
        )
        text += f"has room for {estimate.rounds}"
    else:
        text = f"{budget} has room for {estimate.rounds} of {asked.processes} processes a row, which take "
        text += f"about {needed_s:.0f} s here"
    if estimate.resolution is None:
        return f"{text}; nothing can be told from fewer than two"
    assumed = f"if processes differ by {estimate.spread:.0%}"
    return f"{text}; these tell a slowdown of {estimate.resolution:.1%} or more, {assumed}"


def _cost_of_gate(bench: Bench, estimate: Estimate) -> str:
    """The same of a gate that times head and base in turns."""
    first, budget = bench.measurement.processes, f"budget_s={bench.measurement.budget_s:g}"
    most = min(estimate.rounds, max(MOST_PROCESSES, first))
    text = f"about {estimate.round_s:.0f} s a round; a first look at {first} rounds, {first * estimate.round_s:.0f} s, "
    text += f"and more where it does not clear every row; {budget} has room for {estimate.rounds}"
    rows = len(bench.pairs)
    if estimate.resolution is None:
        return f"{text}; no slowdown can be found with fewer than {fewest_processes(rows)}"
    assumed = f"if processes differ by {estimate.spread:.0%}"
    return f"{text}; {most} rounds find a slowdown of {estimate.resolution:.1%} 9 times in 10, {assumed}"


def write_bench_report(folder: Path) -> None:
    """Writes the pages into the folder of a bench."""
    write_text(folder / "report.md", report(BenchRecord.of(folder)))
    write_html_at_end(folder)


def report(record: BenchRecord) -> str:
    """The bench as a page of Markdown."""
    name = record.name
    lines = [f"# {markdown(name)}, timed", "", f"**{markdown(record.sentence)}**", "", *record.damage_lines]
    lines += [f"- {markdown(text)}" for text in bench_sentences(record)]
    for title, table in bench_tables(record).items():
        lines += ["", f"## {title}", "", as_markdown(*table)]
    return "\n".join([*lines, "", "## How it was timed", "", "\n\n".join(METHOD), ""])


METHOD = (
    "Each process is a fresh one, and times one row. In each round every row is timed once, in an order that is "
    "reversed from round to round, and the control before each row and after the last. The time of a step is the "
    "median over the steady blocks of a process, and over processes the median again; the intervals, at 95 %, are "
    "bootstrapped over processes, those of ratios over rounds. A block ends when its losses are in the host's memory.",
    "Phases are medians over processes, in seconds. `steady` lasts until the calls into the framework have returned, "
    "`host sync` from then until the losses have arrived: where a framework computes after its call has returned, the "
    "computing is in it. `left over` is what no phase accounts for.",
    "GFLOP/s counts 2 operations for each multiply-add of the model, three times over for a training step. Its "
    "roofline is the fastest float32 matrix product by NumPy's BLAS in this bench, with the threads of the arm.",
)


def bench_tables(record: BenchRecord) -> dict[str, Table]:
    tables = {
        "Time of a training step": time_table(record),
        "Phases": phase_table(record),
        "Memory and arithmetic": machine_table(record),
        "Rounds": round_table(record),
    }
    return {title: table for title, table in tables.items() if table[1]}


def bench_sentences(record: BenchRecord) -> Iterator[str]:
    """Why it ended, what it can tell, whether the machine moved, and where parity was judged."""
    timings = record.timings
    if timings is None:
        return
    bench = timings.bench
    if bench.ended is not None:
        yield ended_in_words(record, bench)
    if bench.estimate is not None:
        yield f"estimated before: {cost_in_words(bench)}"
    yield f"{Control.of(timings).in_words}; its work: {bench.control}"
    yield from differences(record.rows, record.arms)
    yield from (f"a step of {row.name} is {row.work}" for row in bench.rows if row.work)
    yield from parities(bench.rows)


def parities(rows: Iterable[Row]) -> Iterator[str]:
    """What is known of the parity of each row, and from where; once for all rows of which the same is known."""
    names_by_text: dict[str, list[str]] = {}
    for row in rows:
        if row.credit is not None:
            source = f" ({row.credit.source})" if row.credit.source else ""
            cause = f": {row.credit.cause}" if row.credit.cause else ""
            names_by_text.setdefault(f"{row.credit.status}{source}{cause}", []).append(row.name)
    yield from (f"parity of {', '.join(names)}: {text}" for text, names in names_by_text.items())


def ended_in_words(record: BenchRecord, bench: Bench) -> str:
    """Why it ended, and how precise it is; empty where it did not come to its end."""
    if bench.ended is None:
        return ""
    widths = [row.ratio.relative_half_width for row in record.rows if row.ratio is not None]
    reached = f", at most {max(widths):.1%} to either side" if widths and math.isfinite(max(widths)) else ""
    asked = f"precision={bench.measurement.precision:.3g}, budget_s={bench.measurement.budget_s:g}"
    return f"ended after {bench.rounds} rounds and {bench.elapsed_s:.0f} s: {ENDED[bench.ended]} ({asked}){reached}"
