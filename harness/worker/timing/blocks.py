"""A training that is timed block by block. Between the readings of the clock nothing runs but the framework."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adapters.protocol import Evaluation
from harness.records.array_types import FloatArray
from harness.system.array_files import Arrays
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.timing.stopwatch import Stopwatch
from harness.worker.timing.window import Window, window

PEAK = "VmHWM"


class TimedBlocks(ABC):
    """A training whose blocks are timed. `block_steps`: the steps of a block.

    A subclass builds it in its constructor, in phases of `watch`, and sets `after_build_bytes` in between.
    """

    after_build_bytes: int

    def __init__(self, session: Session, block_steps: int) -> None:
        self.session, self.block_steps = session, block_steps
        self.watch = Stopwatch.of(session.birth)
        self.after_import_bytes = resident_bytes(PEAK)
        self.losses: list[FloatArray] = []
        self.window: Window | None = None

    @property
    @abstractmethod
    def batch_size(self) -> int: ...

    @abstractmethod
    def stage(self, steps: int) -> Any:
        """The next block of so many steps, prepared; this is not timed as a step."""

    @abstractmethod
    def dispatcher(self) -> tuple[Callable[[Any], Any], Callable[[Any], FloatArray]]:
        """What gives a staged block to the framework, and what waits for its end and returns its losses."""

    @abstractmethod
    def next_losses(self, steps: int) -> FloatArray:
        """The losses of the next batches, each before its update."""

    @abstractmethod
    def losses_of_plan(self) -> FloatArray:
        """The losses that every process of a row computes alike, of as many of them as were trained."""

    def epoch(self) -> float | None:
        """The seconds of a whole epoch; None where there is none."""
        return None

    def evaluate(self) -> Evaluation | None:
        """The scores on the test set; None where nothing is evaluated."""
        return None

    def to_accuracy(self, target: float) -> float | None:
        """The seconds of training until an evaluation reaches the accuracy, without those of evaluations.

        None where the training ends before, or nothing is evaluated.
        """
        return None

    def time(self, blocks: int, steps: int) -> Arrays:
        """The seconds of so many blocks of `steps` steps, at most `block_steps`: `dispatch_s` and `fetch_s`."""
        with self.watch.phase("data_wait"):
            staged = [self.stage(steps) for _ in range(blocks)]
        start_s = time.perf_counter()
        with window() as self.window:
            times, losses = self._timed(staged)
        spent_s = time.perf_counter() - start_s
        self.watch.add("timing", spent_s - sum(float(part.sum()) for part in times.values()))
        self.losses += losses
        return times

    def _timed(self, staged: Sequence[Any]) -> tuple[Arrays, list[FloatArray]]:
        (dispatch, fetch), clock = self.dispatcher(), time.perf_counter
        marks = np.empty((len(staged), 3))
        losses = []
        for number, block in enumerate(staged):
            begin_s = clock()
            dispatched = dispatch(block)
            dispatched_s = clock()
            losses.append(fetch(dispatched))
            marks[number] = begin_s, dispatched_s, clock()
        dispatch_s, fetch_s = np.diff(marks).T
        return {"dispatch_s": dispatch_s, "fetch_s": fetch_s}, losses

    def first_losses(self, count: int) -> FloatArray:
        """The losses of the first so many steps that were timed."""
        losses: FloatArray = np.concatenate([np.empty(0), *self.losses])
        return losses[:count]
