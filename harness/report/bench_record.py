"""The record of a bench in its folder, from which its page and its tables are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.records.timing import Roofline
from harness.report.folder_record import PlacedRecord
from harness.results.files import NOT_READ, read_experiment, read_object, read_spec
from harness.results.marker import damages
from harness.results.recorded import EXPERIMENT, PLAN, ReadingFailure
from harness.results.timings import BENCH, Timings, read_timings
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.subjects.bench import outcome
from harness.subjects.bench.summary import RowSummary, summaries
from harness.subjects.pair.records import PAIR
from harness.subjects.pair.spec import Pair

# Of a training step over a forward pass, in multiply-adds: the pass itself, and the two products of its gradients.
PASSES = 3


@dataclass(frozen=True)
class BenchRecord(PlacedRecord):
    """The record of one bench."""

    @cached_property
    def failures(self) -> Sequence[ReadingFailure]:
        failures = [ReadingFailure(place, why) for place, why in damages(self.place)] if self.is_complete else []
        if self._unreadable:
            failures.append(ReadingFailure(BENCH, self._unreadable))
        return failures

    @cached_property
    def timings(self) -> Timings | None:
        """What was timed; None where it cannot be read."""
        try:
            return read_timings(self.place)
        except NOT_READ:
            return None

    @cached_property
    def rows(self) -> list[RowSummary]:
        """A summary of every row; empty where nothing can be read."""
        return summaries(self.timings) if self.timings is not None else []

    @cached_property
    def experiment(self) -> Experiment | None:
        """The experiment; None where it cannot be read, and of a pair."""
        return self._read(EXPERIMENT, read_experiment)

    @cached_property
    def of_pair(self) -> Pair | None:
        """A user's own pair of models, if that is what was timed."""
        return self._read(PAIR, lambda path: read_spec(path, Pair, "pair")) if (self.place / PAIR).exists() else None

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms of what was timed; empty where they cannot be read."""
        timed = self.of_pair or self.experiment
        return timed.arms if timed is not None else ()

    @property
    def name(self) -> str:
        """The name of what was timed; where it cannot be read, that of the folder."""
        timed = self.of_pair or self.experiment
        return timed.name if timed is not None else self.folder.name

    @property
    def multiply_adds(self) -> int | None:
        """Of a forward pass of one sample."""
        plan = self._read(PLAN, read_object) or {}
        count = plan.get("multiply_adds")
        return count if isinstance(count, int) else None

    def flops_per_s(self, row: RowSummary) -> float | None:
        """`2 * 3 * multiply-adds * samples/s`, an estimate that leaves out everything but products."""
        if self.multiply_adds is None or row.samples_per_s is None:
            return None
        return 2 * PASSES * self.multiply_adds * row.samples_per_s

    def roofline(self, row: RowSummary) -> Roofline | None:
        """What NumPy reached in this bench, at its best, with the threads of the row's arm; None where unknown."""
        threads = next((arm.threads or 0 for arm in self.arms if arm.name == row.row.arm), 0)
        found = [r for p in row.timings.control for r in p.roofline if r.threads == threads]
        if not found:
            return None
        return Roofline(
            threads=threads,
            product_flops_per_s=max(r.product_flops_per_s for r in found),
            copy_bytes_per_s=max(r.copy_bytes_per_s for r in found),
        )

    def outcome_in_words(self) -> str:
        if self.timings is None:
            return f"UNVERIFIED: {self._unreadable or 'nothing was timed'}"
        return outcome.in_one_line(self.timings, self.unfinished)

    @cached_property
    def _unreadable(self) -> str:
        """Why the times cannot be read; empty where they can, or there are none."""
        if not (self.place / BENCH).exists():
            return ""
        try:
            read_timings(self.place)
        except NOT_READ as error:
            return " ".join(str(error).split())[:200]
        return ""
