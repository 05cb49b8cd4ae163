"""What a scaling prints: the time of a step by the value of its key, how it grows, and how it ended."""

from __future__ import annotations

from pathlib import Path

from harness.report.detail import SCREEN
from harness.report.folder_objects import of_scaling
from harness.report.listening import ProgressListener
from harness.report.rows import Table
from harness.report.scaling import growths, in_words, step_table
from harness.report.scaling_folder import Rows, ScalingFolder
from harness.report.screen.bench import DISPENSABLE, step_cells
from harness.results.scalings import ScalingRecord


class ScalingTerminal(ProgressListener):
    """Prints a scaling, from its folder."""

    def show(self, folder: Path, exit_code: int, sentence: str) -> None:
        scaling = ScalingFolder.of(folder)
        record, rows = scaling.swept, scaling.rows
        self.console.print()
        if record is not None:
            table = values_table(record, rows) if self.detail == SCREEN else step_table(record, rows)
            dispensable = (*DISPENSABLE, _over(rows))
            self.table(f"Time of a training step by {record.key}", table, dispensable=dispensable)
            for text in in_words(record, growths(record, rows)):
                self._say(text, soft_wrap=self.detail != SCREEN)
        self.conclude(of_scaling(scaling, exit_code, sentence))


def values_table(record: ScalingRecord, rows: Rows) -> Table:
    """A row for each value and each row of its bench."""
    head = [record.key, "row", "step", _over(rows), "interval", "samples/s", "status"]
    return head, [
        [value, name, *step_cells(summaries[number]), summary.status if (summary := summaries[number]) else ""]
        for number, value in enumerate(record.values)
        for name, summaries in rows.items()
    ]


def _over(rows: Rows) -> str:
    """The heading of the ratios."""
    return f"over {next(iter(rows), '')}"
