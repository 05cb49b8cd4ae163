"""What `compare` prints, from the folder of the comparison alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.records.outcome import first_divergence
from harness.records.verdict import Verdict
from harness.report.comparison import CHANGED, NO_INTERVAL, measured, notes, part_tables, sides, times_in_words
from harness.report.comparison_record import ComparisonRecord
from harness.report.detail import SCREEN
from harness.report.folder_objects import of_comparison
from harness.report.listening import ProgressListener
from harness.report.rows import Table, number
from harness.report.rung_lines import MOST, disagreements, first_few
from harness.report.tables import line
from harness.subjects.recorded.facts import PartFacts

PROSE = ("cause", "A", "B", "what")  # the columns that may wrap
STEP = "step, median"
DISPENSABLE = ("step of A", "step of B", "B/A")
Parts = Sequence[tuple[PartFacts, list[Verdict]]]


class ComparisonTerminal(ProgressListener):
    """Prints a comparison: one line a rung, what changed, accuracy and time; in detail the tables of every part."""

    def show(self, folder: Path) -> None:
        comparison = ComparisonRecord.of(folder)
        for side in sides(comparison):
            self._say(side, soft_wrap=True)
        if self.detail == SCREEN:
            self._screenful(comparison)
        else:
            self._parts(comparison)
        self.conclude(of_comparison(comparison))

    def _screenful(self, comparison: ComparisonRecord) -> None:
        parts = list(comparison.parts)
        for text in first_few(remarks(parts)):
            self._say(text)
        verdicts = comparison.placed_verdicts
        self.rungs(verdicts)
        self.console.print()
        changed = changes(parts)
        self.table("What changed", (CHANGED, changed[:MOST]))
        if len(changed) > MOST:
            self._say(first_few([""] * len(changed))[-1])
        table = accuracy_table(parts)
        self.table("Accuracy and time", table, dispensable=DISPENSABLE)
        for text in [*[NO_INTERVAL] * bool(table[1]), *disagreements(verdicts, first_divergence(verdicts))]:
            self._say(text)

    def _parts(self, comparison: ComparisonRecord) -> None:
        for part, verdicts in comparison.parts:
            self.console.print()
            for note in notes(part):
                self._say(note, soft_wrap=True)
            for title, table in part_tables(part, verdicts):
                self._say(line((title, "bold")), soft_wrap=True)  # not the table's own, which wraps at its width
                self.table("", table, PROSE)


def remarks(parts: Parts) -> list[str]:
    """Who judges, what was left out, and of two runs how equal their arms are; each once."""
    texts = [text for part, _ in parts for text in (f"judge: {part.judged_by}", *part.notes)]
    if len(parts) == 1:
        texts += [f"{arms.name}: {arms.in_words}" for part, _ in parts for arms in part.arms]
    return list(dict.fromkeys(texts))


def changes(parts: Parts) -> list[list[str]]:
    """What changed between A and B in any two arms, each once."""
    return [list(row) for row in dict.fromkeys(row for part, _ in parts for arms in part.arms for row in arms.changed)]


def accuracy_table(parts: Parts) -> Table:
    """A row for each two arms: both test accuracies, the median times of a step and their ratio."""
    head = ["run", "arms", "accuracy of A", "accuracy of B", "step of A", "step of B", "B/A"]
    return head, [
        [row.variant, row.arms, *(number(score, "{:.2%}") for score in row.accuracy), *times_in_words(STEP, *step_s)]
        for row in measured(parts)
        for step_s in [row.times.get(STEP, (None, None))]
    ]
