"""What the check of a pair prints, and its `report.md`, which is made from the folder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.records.failure import Failure
from harness.records.outcome import first_divergence
from harness.records.verdict import Verdict
from harness.report.as_json import document
from harness.report.detail import SCREEN
from harness.report.folder_record import sources_section
from harness.report.listening import ProgressListener
from harness.report.pair_record import PairRecord
from harness.report.rows import Table, ladder_table
from harness.report.rung_lines import disagreements
from harness.report.tables import as_markdown, line
from harness.scenarios.pair.state import PairRun
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.facts import code_run
from harness.subjects.pair.mapping import Match
from harness.system.text import markdown

PROSE = ("what",)  # the column that may wrap


class PairTerminal(ProgressListener):
    """Prints the progress of a check as plain lines, and at its end the table and the outcome."""

    soft_wrap = True

    def begin(self, composed: ComposedPair) -> None:
        pair = composed.pair
        arms = ", ".join(f"{arm.name} ({arm.mode}, {arm.precision_in_words})" for arm in pair.arms)
        self._say(line((f"pair {pair.name}", "bold"), f": {arms}"))
        self._say(f"  {pair.words}; {pair.steps} steps of {pair.batch_size}")
        for code in code_run(composed):
            self._say(f"  runs code that {code}")

    def matched(self, matches: Sequence[Match], names: tuple[str, str]) -> None:
        self._say(f"  parameters paired: {len(matches)}; which is which stands in report.md")

    def remark(self, text: str) -> None:
        self._say(f"  {text}")

    def arm_failed(self, arm: str, failure: Failure, log: Path) -> None:
        self.progress.forget(arm)
        self._say(line("  ", (arm, "bold red"), f": {failure}"))
        self._say(f"  the whole is in {log}")

    def end(self, run: PairRun) -> None:
        self.close()
        self.console.print()
        first = first_divergence(run.verdicts)
        if self.detail == SCREEN:
            for text in disagreements(run.verdicts, first):
                self._say(text)
        else:
            self._table(run.verdicts, first)
        advice = first.advice if first is not None else ""
        traces = list(run.traces.values())
        self.conclude(
            document(run.exit_code, run.sentence, run.folder, run.verdicts, traces, run.coverage),
            remarks=[f"what makes them equal: {advice}"] if advice else [],
        )

    def _table(self, verdicts: Sequence[Verdict], first: Verdict | None) -> None:
        """Every check. Causes are sentences: they stand below the table, where they have room."""
        head, rows = ladder_table(verdicts)
        kept = [i for i, name in enumerate(head) if name != "cause"]
        self.table("Parity", ([head[i] for i in kept], [[row[i] for i in kept] for row in rows]), PROSE)
        for verdict in verdicts:
            if verdict.cause and verdict is not first:
                self._say(f"{verdict.subject}: {verdict.status}: {verdict.cause}")


def report(run: PairRecord) -> str:
    """The check as a page of Markdown."""
    first = first_divergence(run.verdicts)
    lines = [f"# Pair {markdown(run.name)}", "", f"**{markdown(run.sentence)}**", "", *run.damage_lines]
    if first is not None and first.advice:
        lines += [f"What makes them equal: {markdown(first.advice)}.", ""]
    lines += [f"- {markdown(text)}" for text in pair_conditions(run)]
    for title, table in (("Parameters", parameter_table(run)), ("Parity", ladder_table(run.verdicts))):
        if table[1]:
            lines += ["", f"## {title}", "", as_markdown(*table)]
    return "\n".join([*lines, "", *sources_section(run.verdicts)])


def pair_conditions(run: PairRecord) -> list[str]:
    """Sentences on what was judged, on the code that was run, on the training and on what is to be known beside it."""
    pair = run.pair
    sentences = [run.coverage] if run.coverage else []
    sentences += [f"the code that {code}" for code in run.facts.code]
    if pair is not None:
        sentences.append(
            f"{pair.words}; {pair.steps} steps of {pair.batch_size}, {pair.forced_steps} of them teacher-forced as well"
        )
    return [*sentences, *run.facts.remarks]


def parameter_table(run: PairRecord) -> Table:
    """A row for each parameter: its name in both models, its canonical shape and how it was carried over."""
    a, b = (arm.name for arm in run.pair.arms) if run.pair else ("A", "B")
    return [a, b, "shape, canonical", "carried over"], run.parameters
