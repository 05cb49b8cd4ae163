"""A checked pair as its folder has it: what its page is made of."""

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
from harness.scenarios.pair_outcome import coverage, in_one_sentence
from harness.subjects.pair.facts import FACTS, PARAMETER_COLUMNS, PARAMETERS, Facts, parameter_rows, read_facts
from harness.subjects.pair.records import RecordedPair, read_pair
from harness.subjects.pair.spec import Pair


@dataclass(frozen=True)
class PairRecord(FolderRecord):
    """`recorded`: the pair and its sides. Pairs that were checked before there were facts have none."""

    recorded: RecordedPair

    @classmethod
    def of(cls, folder: Path) -> PairRecord:
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
        return self.recorded.pair

    @property
    def name(self) -> str:
        return self.pair.name if self.pair else self.folder.name

    @cached_property
    def facts(self) -> Facts:
        return self._read(FACTS, read_facts) or Facts()

    @property
    def parameters(self) -> list[list[str]]:
        """Of each parameter: its name on both sides, the canonical shape, how it was carried over."""
        return self._read(PARAMETERS, lambda path: parameter_rows(read_table(path, PARAMETER_COLUMNS))) or []

    @property
    def coverage(self) -> str:
        """What of the pair was judged and what was not, in words; empty where the pair cannot be read."""
        return coverage(self.pair, self.verdicts) if self.pair else ""

    def outcome_in_words(self) -> str:
        traces: dict[str, Trace] = {name: arm.trace for name, arm in self.recorded.run.arms.items()}
        code = outcome.exit_code(self.verdicts, list(traces.values()), self.unfinished)
        return in_one_sentence(self.name, traces, self.verdicts, code, self.unfinished)
