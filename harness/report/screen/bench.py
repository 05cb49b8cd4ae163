"""What a bench prints: what it will cost, each round, its rows, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.data import Dataset
from harness.plan import Plan
from harness.records.timing import Bench, ProcessRecord, Row
from harness.report.bench import bench_sentences, bench_tables, cost_in_words, ended_in_words, parities
from harness.report.bench_record import BenchRecord
from harness.report.detail import ALL, ONLY_THE_END, SCREEN, Detail
from harness.report.folder_objects import of_bench
from harness.report.listening import ProgressListener
from harness.report.rows import Table, number
from harness.report.tables import draw_labelled, line
from harness.spec.experiment import Experiment
from harness.subjects.bench.control import Control
from harness.subjects.bench.fairness import differences
from harness.subjects.bench.outcome import as_ratio, in_ms
from harness.subjects.bench.summary import RowSummary
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.facts import code_run

PROSE = ("notes", "order", "runs as")  # the columns that may wrap
DISPENSABLE = ("samples/s", "interval")


class BenchTerminal(ProgressListener):
    """Prints a bench: a line for each round, then its rows. A screenful has a bar for the rounds on a terminal.

    `part`: of a scaling, the value at which it times; the scaling tells its outcome.
    """

    def __init__(self, detail: Detail = ALL, part: str = "") -> None:
        super().__init__(detail)
        self._part = part
        self.soft_wrap = detail != SCREEN

    def bench(self, experiment: Experiment, plan: Plan, data: Dataset, rows: Sequence[Row]) -> None:
        name = ", ".join(filter(None, (experiment.name, self._part)))
        self._say(line((name, "bold"), f": {_named(rows)}"))
        if self._part and self.detail == SCREEN:
            return
        self._labelled("data", f"{data.source}; plan {plan.digest[:16]}, batches of {plan.batch_size}")

    def pair(self, composed: ComposedPair, rows: Sequence[Row]) -> None:
        self._say(line((f"pair {composed.pair.name}", "bold"), f": {_named(rows)}"))
        for code in code_run(composed):
            self._say(f"  runs code that {code}")
        if self.detail != SCREEN:
            for row in rows:
                self._say(f"  {row.name}: {row.work}")

    def credited(self, rows: Sequence[Row]) -> None:
        for sentence in parities(rows):
            self._say(f"  {sentence}", soft_wrap=True)  # it may name a folder

    def estimated(self, bench: Bench) -> None:
        if not self._part or self.detail != SCREEN:
            self._labelled("cost", cost_in_words(bench))

    def timed(self, process: ProcessRecord, step_s: float) -> None:
        if process.failure is not None:
            self.progress.forget(process.row)
            self._say(line("  ", (process.row, "bold red"), f": {process.failure}"))

    def round(self, number: int, rows: Sequence[RowSummary]) -> None:
        timed = [row for row in rows if row.processes]
        if self.detail == SCREEN:
            if not self.console.is_terminal:
                steps = ", ".join(f"{row.row.name} {1e3 * row.step_s.estimate:.3g} ms" for row in timed)
                self._say(f"  round {number}: {steps}")
            return
        parts = [f"{row.row.name} {in_ms(row.step_s)}" for row in timed]
        parts += [
            f"{row.row.name} {as_ratio(row.ratio)} times as long{' as its base' if row.base.base_of else ''}"
            for row in timed
            if row.ratio
        ]
        self._say(f"  round {number}: {'; '.join(parts)}")

    def end(self, folder: Path, exit_code: int, sentence: str, is_brief: bool = False) -> None:
        """Prints the tables, unless `is_brief`, then the outcome and the folder."""
        self.close()
        if self._part and self.detail in ONLY_THE_END:
            return
        if self._part and self.detail == SCREEN:
            self._say(sentence)
            self.console.print()
            return
        record = BenchRecord.of(folder)
        self.console.print()
        if self.detail == SCREEN:
            if not is_brief:
                self.table("Time of a training step", step_table(record.rows), dispensable=DISPENSABLE)
            for text in screen_sentences(record):
                self._say(text)
        else:
            for title, table in {} if is_brief else bench_tables(record).items():
                self.table(title, table, PROSE)
            for text in bench_sentences(record):
                self._say(text)
        self.conclude(of_bench(record, exit_code, sentence))

    def _labelled(self, label: str, text: str) -> None:
        if self.detail == SCREEN:
            draw_labelled(self.console, [(f"{label:<5}", text)])
            self.progress.said()
        else:
            self._say(f"  {label}  {text}")


def _named(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row.name} ({row.mode})" for row in rows)


def step_table(rows: Sequence[RowSummary]) -> Table:
    """The part of the table of times that fits on a screen: a step, its ratio with the interval, whether it counts."""
    base = "its base" if any(row.row.base_of for row in rows) else next((row.base.name for row in rows), "")
    head = ["row", "step", f"over {base}", "interval", "samples/s", "status"]
    return head, [[row.row.name, *step_cells(row), row.status] for row in rows]


def step_cells(row: RowSummary | None) -> list[str]:
    """A step, its ratio, the interval of that, samples per second; empty where nothing was timed."""
    if row is None or not row.processes:
        return ["", "", "", ""]
    ratio, _, interval = ("" if row.ratio is None else as_ratio(row.ratio)).partition(" (")
    step = f"{1e3 * row.step_s.estimate:.3g} ms"
    return [step, ratio, interval.removesuffix(")"), number(row.samples_per_s, "{:,.0f}")]


def screen_sentences(record: BenchRecord) -> Iterator[str]:
    """What limits the rows, each once, the control, in what rows differ, and why the bench ended."""
    if record.timings is None:
        return
    control = Control.of(record.timings).in_words
    yield from (f"{', '.join(names)}: {note}" for note, names in _by_note(record.rows).items() if note != control)
    yield f"control: {control}"
    yield from differences(record.rows, record.arms)
    yield from filter(None, [ended_in_words(record, record.timings.bench)])


def _by_note(rows: Sequence[RowSummary]) -> Mapping[str, list[str]]:
    names_by_note: dict[str, list[str]] = {}
    for row in rows:
        for note in row.notes:
            names_by_note.setdefault(note, []).append(row.row.name)
    return names_by_note
