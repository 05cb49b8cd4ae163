"""What the rules look at: what an arm left, beside what it was to leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.data import Dataset
from harness.plan import Plan
from harness.records.trace import EpochRecord, Trace
from harness.results.recorded import RecordedArm
from harness.spec.changes import changed
from harness.spec.experiment import Experiment


@dataclass(frozen=True)
class Left:
    """`stated` is the run's experiment, `planned` what plan.json holds.

    `drawn` and `data` are there where the plan could be drawn and the data loaded again.
    """

    arm: RecordedArm
    stated: Experiment
    planned: Mapping[str, Any]
    drawn: Plan | None = None
    data: Dataset | None = None

    @property
    def trace(self) -> Trace:
        return self.arm.trace

    @property
    def epochs(self) -> tuple[EpochRecord, ...]:
        return self.trace.epochs

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        return np.asarray(self.trace.losses, np.float64)

    @cached_property
    def experiment(self) -> Experiment:
        """As the arm has it, which may be given words of its own."""
        try:
            return changed(self.stated, self.trace.arm.spec)
        except ValueError:
            return self.stated

    @property
    def judged(self) -> int:
        """So many first steps are judged: what they say of a training that came to NaN is settled there."""
        return self.stated.comparison.free_steps

    @property
    def diverged(self) -> bool:
        """Whether a loss of the judged steps is not finite: then nothing after it need be."""
        return not bool(np.isfinite(self.losses[: self.judged]).all())

    @property
    def has_nonnegative_loss(self) -> bool:
        known = self.experiment.loss.nonnegative
        return known == "any" or (known == "labels" and self.stated.data.classes is not None)

    def of_epochs(self, column: str) -> NDArray[np.float64]:
        """A column of epochs.parquet; NaN where there is nothing."""
        values = [getattr(epoch, column) for epoch in self.epochs]
        return np.asarray([np.nan if value is None else value for value in values], np.float64)


def first_row(wrong: ArrayLike, values: ArrayLike, column: str, why: str) -> Iterator[str]:
    """A sentence on the first row that is wrong, and on how many there are; nothing where none is."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        others = f"; so are {len(rows) - 1} more rows" if len(rows) > 1 else ""
        yield f"row {rows[0]}: {column} is {np.asarray(values)[rows[0]]:.6g}, {why}{others}"
