"""What a bench prints: what it will cost, each round, its tables; and its page `report.md`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.data import Dataset
from harness.plan import Plan
from harness.records.timing import Bench, Estimate, ProcessRecord, Row
from harness.report.bench_record import BenchRecord
from harness.report.bench_rows import machine_table, phase_table, round_table, time_table
from harness.report.html.writing import write_html_at_end
from harness.report.listening import ProgressListener
from harness.report.rows import Table
from harness.report.tables import as_markdown, draw, line
from harness.report.where_to_read import where_to_read
from harness.results.store import write_text
from harness.spec.experiment import Experiment
from harness.subjects.bench.control import Control
from harness.subjects.bench.fairness import differences
from harness.subjects.bench.outcome import ENDED, as_ratio, in_ms
from harness.subjects.bench.summary import RowSummary
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.facts import code_run
from harness.system.text import markdown
from harness.timing.power import MOST_PROCESSES
from harness.timing.slowdown import fewest_processes

PROSE = ("notes", "order", "runs as")


class BenchTerminal(ProgressListener):
    """Prints a bench: a line for each round, then its tables."""

    def bench(self, experiment: Experiment, plan: Plan, data: Dataset, rows: Sequence[Row]) -> None:
        names = ", ".join(f"{row.name} ({row.mode})" for row in rows)
        self._say(line((experiment.name, "bold"), f": {names}"))
        self._say(f"  data  {data.source}; plan {plan.digest[:16]}, batches of {plan.batch_size}")

    def pair(self, composed: ComposedPair, rows: Sequence[Row]) -> None:
        names = ", ".join(f"{row.name} ({row.mode})" for row in rows)
        self._say(line((f"pair {composed.pair.name}", "bold"), f": {names}"))
        for code in code_run(composed):
            self._say(f"  runs code that {code}", soft_wrap=True)
        for row in rows:
            self._say(f"  {row.name}: {row.work}", soft_wrap=True)

    def credited(self, rows: Sequence[Row]) -> None:
        by_text: dict[str, list[str]] = {}
        for row in rows:
            if row.credit is not None:
                source = f" ({row.credit.source})" if row.credit.source else ""
                cause = f": {row.credit.cause}" if row.credit.cause else ""
                by_text.setdefault(f"{row.credit.status}{source}{cause}", []).append(row.name)
        for text, names in by_text.items():
            self._say(f"  parity of {', '.join(names)}: {text}", soft_wrap=True)

    def estimated(self, bench: Bench) -> None:
        self._say(f"  cost  {cost_in_words(bench)}", soft_wrap=True)

    def timed(self, process: ProcessRecord, step_s: float) -> None:
        if process.failure is not None:
            self.progress.forget(process.row)
            self._say(line("  ", (process.row, "bold red"), f": {process.failure}"), soft_wrap=True)

    def round(self, number: int, rows: Sequence[RowSummary]) -> None:
        parts = [f"{row.row.name} {in_ms(row.step_s)}" for row in rows if row.processes]
        parts += [
            f"{row.row.name} {as_ratio(row.ratio)} times as long{' as its base' if row.base.base_of else ''}"
            for row in rows
            if row.ratio and row.processes
        ]
        self._say(f"  round {number}: {'; '.join(parts)}", soft_wrap=True)

    def end(self, folder: Path, sentence: str, is_brief: bool = False) -> None:
        """Prints the tables, unless `is_brief`, then the outcome and the folder."""
        self.close()
        record = BenchRecord.of(folder)
        self.console.print()
        for title, table in {} if is_brief else bench_tables(record).items():
            head, rows = table
            filled = [i for i in range(len(head)) if any(row[i] for row in rows)]
            draw(self.console, title, [head[i] for i in filled], [[row[i] for i in filled] for row in rows], PROSE)
            self.console.print()
        for sentence_of_record in bench_sentences(record):
            self.console.print(sentence_of_record, soft_wrap=True)
        colour = "green" if sentence.startswith("TIMED") else "bold red"
        self.console.print(line((sentence, colour)), soft_wrap=True)
        for text in where_to_read(folder):
            self.console.print(text, soft_wrap=True)


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
    "Each process is a fresh one, and times one row. In each round the control is timed first, then every row once; "
    "the order of the rows is reversed from round to round. The time of a step is the median over the steady blocks of "
    "a process, and over processes the median again; the intervals, at 95 %, are bootstrapped over processes, those of "
    "ratios over rounds. A block ends when its losses are in the host's memory.",
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
        widths = [row.ratio.relative_half_width for row in record.rows if row.ratio is not None]
        reached = f", at most {max(widths):.1%} to either side" if widths and math.isfinite(max(widths)) else ""
        asked = f"precision={bench.measurement.precision:.3g}, budget_s={bench.measurement.budget_s:g}"
        yield f"ended after {bench.rounds} rounds and {bench.elapsed_s:.0f} s: {ENDED[bench.ended]} ({asked}){reached}"
    if bench.estimate is not None:
        yield f"estimated before: {cost_in_words(bench)}"
    yield f"{Control.of(timings).in_words}; its work: {bench.control}"
    yield from differences(record.rows, record.arms)
    yield from (f"a step of {row.name} is {row.work}" for row in bench.rows if row.work)
    sources = {row.credit.source for row in bench.rows if row.credit is not None and row.credit.source}
    yield from (f"parity as recorded in {source}" for source in sorted(sources))
