"""The record of a checked pair in its folder, from which its page is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.records import outcome
from harness.records.trace import Trace
from harness.report.folder_record import FolderRecord
from harness.results.files import read_table
from harness.results.marker import State
from harness.results.recorded import ReadingFailure
from harness.scenarios.pair.outcome import coverage, in_one_sentence
from harness.subjects.pair.facts import FACTS, PARAMETER_COLUMNS, PARAMETERS, Facts, parameter_rows, read_facts
from harness.subjects.pair.records import RecordedPair, read_pair
from harness.subjects.pair.spec import Pair


@dataclass(frozen=True)
class PairRecord(FolderRecord):
    """The record of one checked pair. `recorded` holds the pair and the traces of its two arms."""

    recorded: RecordedPair

    @classmethod
    def of(cls, folder: Path) -> PairRecord:
        """Reads the pair in a folder."""
        return cls(read_pair(folder))

    @property
    def folder(self) -> Path:
        return self.recorded.run.folder

    @property
    def state(self) -> State:
        return self.recorded.run.state

    @property
    def failures(self) -> list[ReadingFailure]:
        return self.recorded.run.all_failures

    @property
    def pair(self) -> Pair | None:
        """The checked pair; None where it cannot be read."""
        return self.recorded.pair

    @property
    def name(self) -> str:
        """The pair's name, or the folder's where the pair cannot be read."""
        return self.pair.name if self.pair else self.folder.name

    @cached_property
    def facts(self) -> Facts:
        """What was recorded beside the verdicts; empty for pairs that were checked before facts were recorded."""
        return self._read(FACTS, read_facts) or Facts()

    @property
    def parameters(self) -> list[list[str]]:
        """A row for each parameter: its name in both models, the canonical shape, how it was carried over."""
        return self._read(PARAMETERS, lambda path: parameter_rows(read_table(path, PARAMETER_COLUMNS))) or []

    @property
    def coverage(self) -> str:
        """What of the pair was judged and what was not, in words; empty where the pair cannot be read."""
        return coverage(self.pair, self.verdicts) if self.pair else ""

    def outcome_in_words(self) -> str:
        traces: dict[str, Trace] = {name: arm.trace for name, arm in self.recorded.run.arms.items()}
        code = outcome.exit_code(self.verdicts, list(traces.values()), self.unfinished)
        return in_one_sentence(self.name, traces, self.verdicts, code, self.unfinished)
