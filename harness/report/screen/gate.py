"""What `gate` prints, from the folder of the gate alone."""

from __future__ import annotations

from pathlib import Path

from harness.records.gate import PASSED, Gate
from harness.report.detail import SCREEN
from harness.report.folder_objects import of_gate
from harness.report.gate import RULE, conditions, gate_table, interval_of, number_of, version_table
from harness.report.gate_record import GateRecord
from harness.report.listening import ProgressListener
from harness.report.rows import Table
from harness.report.rung_lines import first_few
from harness.report.tables import COLOURS

ANSWERS = {
    **COLOURS,
    **dict.fromkeys(("not slower", "not lower"), "green"),
    **dict.fromkeys(("slower", "lower"), "bold red"),
    "undecided": "yellow",
}
DISPENSABLE = ("interval",)


class GateTerminal(ProgressListener):
    """Prints a gate: a line for each check of each row; in detail its tests, and what runs head and base."""

    def show(self, folder: Path) -> None:
        record = GateRecord.of(folder)
        if record.gate is not None:
            if self.detail == SCREEN:
                self._screenful(record.gate, record.sentence)
            else:
                self._tables(record.gate)
        self.conclude(of_gate(record))

    def _screenful(self, gate: Gate, sentence: str) -> None:
        for text in first_few(conditions(gate)):
            self._say(text)
        self.console.print()
        self.table("", brief_table(gate), dispensable=DISPENSABLE, colours=ANSWERS)
        unsaid = [row for row in gate.rows if row.status not in PASSED and row.cause and row.cause not in sentence]
        for text in first_few([f"{row.subject} ({row.check}): {row.cause}" for row in unsaid]):
            self._say(text)

    def _tables(self, gate: Gate) -> None:
        for text in conditions(gate):
            self._say(text, soft_wrap=True)
        self.table("Head and base", version_table(gate), prose=("head", "base"))
        self.table("", gate_table(gate), prose=("why",), colours=ANSWERS)
        self._say(RULE, soft_wrap=True)


def brief_table(gate: Gate) -> Table:
    """The part of `gate_table` that fits on a screen. Of an accuracy, its number is the difference to the base."""
    rows = []
    for row in gate.rows:
        number = number_of(row.ratio, "{:.3f}") or number_of(row.difference, "{:+.2%}")
        interval = interval_of(row, "{:.3f} to {:.3f}" if row.ratio is not None else "{:+.2%} to {:+.2%}")
        rows.append([row.subject, row.check, number, interval, row.status])
    return ["row", "check", "to base", "interval", "answer"], rows
