"""The input of the rules: the records that an arm left, and the experiment, plan and data that they must fit."""

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
    """The records of an arm, with what they are judged by.

    `stated`: the run's experiment. `planned`: the content of plan.json. `drawn` and `data`: the plan and the data set,
    where they could be made again.
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
        """The experiment with the arm's own words."""
        try:
            return changed(self.stated, self.trace.arm.spec)
        except ValueError:
            return self.stated

    @property
    def judged(self) -> int:
        """The number of first steps that the ladder judges; a NaN in these is for the ladder to judge."""
        return self.stated.free_steps

    @property
    def diverged(self) -> bool:
        """Whether a loss of the judged steps is not finite; values after it may then be anything but finite too."""
        return not bool(np.isfinite(self.losses[: self.judged]).all())

    @property
    def has_nonnegative_loss(self) -> bool:
        nonnegative = self.experiment.loss.nonnegative
        return nonnegative == "any" or (nonnegative == "labels" and self.stated.data.classes is not None)

    def of_epochs(self, column: str) -> NDArray[np.float64]:
        """A column of epochs.parquet, (epochs,); NaN where a value is missing."""
        values = [getattr(epoch, column) for epoch in self.epochs]
        return np.asarray([np.nan if value is None else value for value in values], np.float64)


def first_row(is_wrong: ArrayLike, values: ArrayLike, column: str, why: str) -> Iterator[str]:
    """A sentence on the first row where `is_wrong` (rows,) is true, and on the number of others; none without one."""
    rows = np.flatnonzero(is_wrong)
    if len(rows):
        more = f"; so are {len(rows) - 1} more rows" if len(rows) > 1 else ""
        yield f"row {rows[0]}: {column} is {np.asarray(values)[rows[0]]:.6g}, {why}{more}"
