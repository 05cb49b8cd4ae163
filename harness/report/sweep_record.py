"""The record of a sweep in its folder, from which its table and its pages are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.records.outcome import Unfinished
from harness.records.sweep import Attempt, Job, Sweep, sentence_of
from harness.report.folder_record import PlacedRecord
from harness.results.files import read_spec
from harness.results.kinds import SWEEP
from harness.results.reading import state_problems
from harness.results.recorded import ReadingFailure
from harness.results.sweep_folder import JOBS, all_attempts


@dataclass(frozen=True)
class SweepRecord(PlacedRecord):
    """The record of one sweep."""

    @cached_property
    def failures(self) -> list[ReadingFailure]:
        return [ReadingFailure(*problem) for problem in state_problems(self.place, self.state, "sweep")]

    @cached_property
    def sweep(self) -> Sweep | None:
        """What `sweep.json` holds; None where it cannot be read."""
        return self._read(SWEEP, lambda path: read_spec(path, Sweep, "sweep"))

    @cached_property
    def attempts(self) -> dict[int, list[Attempt]]:
        """The rows of every job that has begun, by its number."""
        return all_attempts(self.place) if (self.place / JOBS).is_dir() else {}

    @property
    def jobs(self) -> Sequence[Job]:
        """All jobs, in order."""
        return self.sweep.jobs if self.sweep else ()

    @property
    def rows(self) -> list[Attempt | None]:
        """The last row of each job; None of one that has not begun."""
        return [self.attempts[job.number][-1] if job.number in self.attempts else None for job in self.jobs]

    @cached_property
    def unfinished(self) -> Unfinished | None:
        """Why the sweep is not at its end; None where it is."""
        if self.state != "unfinished":
            return None
        left = sum(row is None or row.status != "done" for row in self.rows)
        return Unfinished("interrupted", f"{left:,} of its {len(self.jobs):,} jobs are not done")

    def outcome_in_words(self) -> str:
        return sentence_of(self.sweep, self.rows) if self.sweep else f"UNVERIFIED: {SWEEP} cannot be read"
