"""The record of a gate in its folder, from which all of its outputs are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.records.exit_codes import UNVERIFIED
from harness.records.gate import Gate
from harness.report.folder_record import PlacedRecord
from harness.results.files import read_spec
from harness.results.reading import state_problems
from harness.results.recorded import ReadingFailure
from harness.scenarios.gate.start import GATE


@dataclass(frozen=True)
class GateRecord(PlacedRecord):
    """The record of one gate."""

    @cached_property
    def failures(self) -> list[ReadingFailure]:
        return [ReadingFailure(*problem) for problem in state_problems(self.place, self.state, "gate")]

    @cached_property
    def gate(self) -> Gate | None:
        """What `gate.json` holds; None where it cannot be read."""
        return self._read(GATE, lambda path: read_spec(path, Gate, "gate"))

    @property
    def exit_code(self) -> int:
        """That of its gravest row; `UNVERIFIED` where files are damaged."""
        return UNVERIFIED if self.gate is None or self.problems else self.gate.exit_code

    def outcome_in_words(self) -> str:
        return self.gate.sentence if self.gate else f"UNVERIFIED: {GATE} cannot be read"
