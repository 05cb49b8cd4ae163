"""What the listeners of runs and of pairs have in common: lines, and between them how far the work is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text

from harness.records.verdict import Verdict
from harness.report.progress import ProgressDisplay
from harness.report.tables import coloured, console, line
from harness.system.progress import Work


class ProgressListener:
    """Prints on one console. `soft_wrap`: whether the terminal, not the console, breaks lines that are too long."""

    soft_wrap: ClassVar[bool] = False

    def __init__(self) -> None:
        self.console = console()
        self.progress = ProgressDisplay(self.console)

    def stage(self, name: str) -> None:
        self.progress.stage(name)

    def work(self, work: Work) -> None:
        self.progress.work(work)

    def close(self) -> None:
        self.progress.close()

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None:
        """A line about a rung: how many checks there were, and how they ended."""
        disagreements = [verdict.status for verdict in verdicts if verdict.status not in ("agrees", "known")]
        outcome = ", ".join(dict.fromkeys(disagreements)) or "agrees"
        if not verdicts:
            outcome = "nothing to compare"
        known = sum(verdict.status == "known" for verdict in verdicts)
        known_note = f", {known} known in the ledger" if known else ""
        self._say(line("  rung ", (name, "bold"), f": {len(verdicts)} checks, ", coloured(outcome), known_note))

    def _say(self, text: str | Text, soft_wrap: bool | None = None) -> None:
        self.console.print(text, soft_wrap=self.soft_wrap if soft_wrap is None else soft_wrap)
        self.progress.said()
