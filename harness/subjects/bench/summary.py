"""The rows of a bench, each with its intervals, its phases, its memory, and whether its time counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np

from harness.records.failure import Failure
from harness.records.timing import Phases, ProcessRecord, Row, disturbed_by_others
from harness.results.timings import Timings
from harness.subjects.bench.control import Control
from harness.timing.intervals import Interval, median_interval, ratio_interval


def disturbed(process: ProcessRecord) -> bool:
    """Whether other processes took processors from this one while it was timed; False where the host does not tell."""
    if not process.affinity:
        return False
    own = min(len(process.affinity), process.environment.get("threads") or len(process.affinity))
    return disturbed_by_others(process.interference, process.after, own)


@dataclass(frozen=True)
class RowSummary:
    """What was timed of one row. `base`: the row that its ratio is formed with; itself where there is none."""

    timings: Timings
    row: Row
    base: Row

    @cached_property
    def processes(self) -> list[ProcessRecord]:
        """The processes that did not fail and have steady blocks."""
        return [p for p in self.timings.of_row(self.row.name) if math.isfinite(self.timings.median_step_s(p.number))]

    @property
    def failure(self) -> Failure | None:
        """Why the row is not timed to the end; None where no process failed."""
        return next((p.failure for p in self.timings.processes if p.row == self.row.name and p.failure), None)

    @cached_property
    def step_s(self) -> Interval:
        """The seconds of a step: the median over processes of their medians, with its interval."""
        return median_interval(self._by_round(self.row))

    @cached_property
    def ratio(self) -> Interval | None:
        """How many times as long as that of its base a step takes; None where it has none."""
        return None if self.row == self.base else ratio_interval(self._by_round(self.row), self._by_round(self.base))

    @property
    def samples_per_s(self) -> float | None:
        """By the median time of a step."""
        return self.processes[0].batch_size / self.step_s.estimate if self.processes else None

    @property
    def phases(self) -> dict[str, float]:
        """The median seconds of each phase over the processes, by its name."""
        by_process = [process.phases.by_name for process in self.processes]
        return {name: median(phases[name] for phases in by_process) for name in Phases().by_name} if by_process else {}

    def median_of(self, value: Callable[[ProcessRecord], float | None]) -> float | None:
        """The median over the processes that have the value; None where none has."""
        values = [number for process in self.processes if (number := value(process)) is not None]
        return median(values) if values else None

    @property
    def status(self) -> str:
        """`crashed` or another status of a failure, that of the parity, or `unverified` where the machine moved."""
        if self.failure is not None:
            return self.failure.status
        credit = self.row.credit
        if credit is None or not credit.is_given:
            return "unverified" if credit is None else credit.status
        return "unverified" if Control.of(self.timings).has_moved else credit.status

    @property
    def notes(self) -> list[str]:
        """What limits the row's time, in words."""
        notes = [str(self.failure)] if self.failure is not None else []
        credit = self.row.credit
        if credit is None or not credit.is_given:
            notes.append(f"parity: {credit.cause if credit is not None else 'not known'}")
        control = Control.of(self.timings)
        if control.has_moved:
            notes.append(control.in_words)
        count = sum(map(disturbed, self.processes))
        if count:
            notes.append(f"noisy: other processes took processors from {count} of {len(self.processes)}")
        flagged = sum(bool(process.device_flag) for process in self.processes)
        if flagged:
            notes.append(f"device memory was not free again before {flagged} of {len(self.processes)}")
        unsettled = sum(not process.settled for process in self.processes)
        if unsettled:
            notes.append(f"no steady state in {unsettled} of {len(self.processes)}: their second halves count")
        digests = {process.losses_digest for process in self.processes if process.losses_digest}
        if len(digests) > 1:
            notes.append(f"{len(digests)} different series of losses over its processes")
        return notes

    def _by_round(self, row: Row) -> dict[int, float]:
        times = self._medians
        return {
            process.round: times[process.number] for process in self.timings.of_row(row.name) if process.number in times
        }

    @cached_property
    def _medians(self) -> dict[int, float]:
        frame = self.timings.by_process()
        finite = frame[np.isfinite(frame["step_s"])]
        return {int(number): float(step_s) for number, step_s in zip(finite["process"], finite["step_s"], strict=True)}


def summaries(timings: Timings) -> list[RowSummary]:
    """A summary of every row, in order. The base of a row is the first row; in a gate, that which is timed as such."""
    bench = timings.bench
    if bench.pairs:
        return [RowSummary(timings, row, bench.base_row(row.name) or row) for row in bench.rows]
    return [RowSummary(timings, row, bench.rows[0]) for row in bench.rows]


def ratios(rows: Sequence[RowSummary]) -> list[Interval]:
    """The intervals by which a bench decides whether it is precise enough: of ratios, or of the time of the only row.

    A row with a failure has no say.
    """
    healthy = [row for row in rows if row.failure is None]
    intervals = [row.ratio for row in healthy if row.ratio is not None]
    return intervals or [row.step_s for row in healthy]
