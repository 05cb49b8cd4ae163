"""What all that print an outcome have in common: lines, between them how far the work is, tables, and the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from harness.records.verdict import Verdict
from harness.report.as_json import Outcome, as_text
from harness.report.detail import ALL, ONLY_THE_END, SCREEN, Detail
from harness.report.progress import ProgressDisplay
from harness.report.rows import Table, by_rung
from harness.report.rung_lines import RungLine
from harness.report.tables import COLOURS, SCREEN_WIDTH, UNSEEN_WIDTH, console, draw, fitted, line
from harness.report.where_to_read import where_to_read
from harness.system.progress import Work


class ProgressListener:
    """Prints on one console. `soft_wrap`: whether the terminal, not the console, breaks lines that are too long."""

    soft_wrap: bool = False

    def __init__(self, detail: Detail = ALL) -> None:
        self.detail = detail
        self.console = console(SCREEN_WIDTH if detail == SCREEN else UNSEEN_WIDTH)
        self.console.quiet = detail in ONLY_THE_END
        self.progress = ProgressDisplay(self.console)

    def stage(self, name: str) -> None:
        self.progress.stage(name)

    def work(self, work: Work) -> None:
        self.progress.work(work)

    def close(self) -> None:
        self.progress.close()

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None:
        """A line about a rung: its checks, how they ended, and the largest share of a tolerance."""
        self.console.print(RungLine.of(name, verdicts).text(), no_wrap=True, overflow="ellipsis")
        self.progress.said()

    def rungs(self, verdicts: Sequence[Verdict]) -> None:
        """A line for each rung of these verdicts."""
        for name, of_rung in by_rung(verdicts).items():
            self.rung(name, of_rung)

    def table(
        self,
        title: str,
        table: Table,
        prose: Sequence[str] = (),
        dispensable: Sequence[str] = (),
        colours: Mapping[str, str] = COLOURS,
    ) -> None:
        """Prints a table without its empty columns; nothing where it has no row.

        In a screenful, columns that are `dispensable` are left out, the first first, until the table fits.
        """
        head, rows = fitted(table, self.console.width, dispensable if self.detail == SCREEN else ())
        if rows:
            draw(self.console, title, head, rows, prose, colours)
            self.console.print()

    def conclude(self, outcome: Outcome, *, remarks: Sequence[str] = ()) -> None:
        """Prints how it ended, as the last of all: the sentence, remarks on it and the folder; or what scripts read."""
        self.console.quiet = False
        if self.detail == "json":
            self.console.out(as_text(outcome), highlight=False)
            return
        colour = "green" if outcome["exit_code"] == 0 else "bold red"
        self.console.print(line((outcome["sentence"], colour)), soft_wrap=not self.console.is_terminal)
        if self.detail == "sentence":
            return
        for text in filter(None, [*remarks, outcome["coverage"], *where_to_read(Path(outcome["folder"]))]):
            self.console.print(text, soft_wrap=not self.console.is_terminal)

    def _say(self, text: str | Text, soft_wrap: bool | None = None) -> None:
        wraps_itself = self.detail == SCREEN and self.console.is_terminal  # a terminal breaks lines within words
        is_soft = self.soft_wrap if soft_wrap is None else soft_wrap
        self.console.print(text, soft_wrap=is_soft and not wraps_itself)
        self.progress.said()
