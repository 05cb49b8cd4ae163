"""The record of a comparison in its folder, from which its page and its terminal output are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from harness.records import outcome
from harness.records.verdict import Verdict
from harness.report.folder_record import PlacedRecord
from harness.report.rung_lines import within
from harness.results.reading import state_problems
from harness.results.recorded import ReadingFailure
from harness.subjects.recorded.facts import COMPARISON, Facts, PartFacts, read_facts


@dataclass(frozen=True)
class ComparisonRecord(PlacedRecord):
    """The record of one comparison. It has verdicts only where it was made before `comparison.json` was written."""

    @cached_property
    def failures(self) -> list[ReadingFailure]:
        return [ReadingFailure(*problem) for problem in state_problems(self.place, self.state, "comparison")]

    @cached_property
    def facts(self) -> Facts | None:
        """What `comparison.json` holds; None where it is missing or cannot be read."""
        return self._read(COMPARISON, read_facts)

    @property
    def parts(self) -> Iterator[tuple[PartFacts, list[Verdict]]]:
        """The parts of the comparison, each of two runs, with the verdicts on it."""
        start = 0
        for part in self.facts.parts if self.facts else ():
            yield part, self.verdicts[start : start + part.verdicts]
            start += part.verdicts

    @property
    def placed_verdicts(self) -> list[Verdict]:
        """The verdicts; of two studies with the run within them before each subject."""
        placed = [verdict for part, verdicts in self.parts for verdict in within(part.variant, verdicts)]
        return placed if self.facts else self.verdicts

    def outcome_in_words(self) -> str:
        return outcome.in_one_line(self.verdicts, [], self.unfinished)

    @property
    def exit_code(self) -> int:
        return outcome.exit_code(self.verdicts, [], self.unfinished)
