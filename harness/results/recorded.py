"""What is read back of a run: its arms, what it was to do, and which of its files are not to be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.records.array_types import FloatArray
from harness.records.cost import CostPlan
from harness.records.trace import Trace
from harness.results.answers import RecordedAnswer
from harness.results.kinds import EPOCHS as EPOCHS
from harness.results.kinds import EXPERIMENT as EXPERIMENT
from harness.results.kinds import PLAN as PLAN
from harness.results.kinds import STEPS as STEPS
from harness.results.kinds import TRACE as TRACE
from harness.results.kinds import VERDICTS as VERDICTS
from harness.results.marker import State
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays

ARRAYS = ("weights", "predictions")


@dataclass(frozen=True)
class ReadingFailure:
    """A file that is missing, damaged or cannot be what it should: its place in the run's folder, and why."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class RecordedArm:
    """`trace` holds as much as could be read: without its steps, or its epochs, what these would have told is missing.

    `columns`: what steps.parquet has besides its own columns, a number a step; `train_losses`: the column of
    epochs.parquet; `beside`: what trace.json holds that follows from the rest. Weights that are not those the training
    ended with are not there. `place` is the arm's folder, in that of the run. `answers` are those to the rungs'
    questions, by rung. `dropped`: which of `weights` and `predictions` were read, and not kept.
    """

    trace: Trace
    columns: Mapping[str, FloatArray] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    predictions: Arrays = field(default_factory=dict)
    failures: tuple[ReadingFailure, ...] = ()
    train_losses: FloatArray = field(default_factory=lambda: np.empty(0))
    beside: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    answers: Mapping[str, RecordedAnswer] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    @property
    def left(self) -> tuple[str, ...]:
        """Which arrays the training left, as far as they could be read: `weights`, `predictions`."""
        return tuple(what for what in ARRAYS if getattr(self, what) or what in self.dropped)

    def failed(self, *files: str) -> bool:
        """Whether one of these files of the arm is not to be relied on."""
        return any(Path(failure.file).name in files for failure in self.failures)


@dataclass(frozen=True)
class RecordedRun:
    """`plan` is what plan.json holds, `verdicts` the outcomes in verdicts.parquet; empty where there are none.

    `failures` are those of the run itself, and of arms of which nothing can be read. `cost` is what cost.json holds.
    """

    folder: Path
    experiment: Experiment | None
    plan: Mapping[str, Any]
    verdicts: pd.DataFrame
    arms: Mapping[str, RecordedArm]
    failures: tuple[ReadingFailure, ...] = ()
    state: State = "unmarked"
    cost: CostPlan | None = None

    def failed(self, *files: str) -> bool:
        """Whether one of these files of the run is not to be relied on."""
        return any(failure.file in files for failure in self.failures)

    @property
    def all_failures(self) -> list[ReadingFailure]:
        """Those of the run itself, and of its arms."""
        return [*self.failures, *(failure for arm in self.arms.values() for failure in arm.failures)]
