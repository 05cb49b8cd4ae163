"""A training that is timed block by block. Between the readings of the clock nothing runs but the framework."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from adapters.protocol import Evaluation
from harness.records.array_types import FloatArray
from harness.system.array_files import Arrays
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.timing.batches import Batches
from harness.worker.timing.loops import loop_of
from harness.worker.timing.stopwatch import Stopwatch
from harness.worker.timing.window import Window, window

PEAK = "VmHWM"


class TimedTraining:
    """The model of the experiment, its training set on the device, and blocks of its training.

    `loop`: empty for the arm's own, else one that users type. `block_steps`: the steps of a block, for which is
    compiled. `horizon`: the most steps of all blocks together.
    """

    def __init__(self, session: Session, loop: str, block_steps: int, horizon: int) -> None:
        self.session, self.block_steps = session, block_steps
        self.watch = Stopwatch.of(session.birth)
        self.after_import_bytes = resident_bytes(PEAK)
        with self.watch.phase("data_wait"):
            self.plan = session.plan
            data, self.test_set = session.epoch(0), session.test_set()
            self.batches = Batches(session)
        with self.watch.phase("build"):
            self.loop = loop_of(session, loop, block_steps, horizon + self.plan.steps)
        self.after_build_bytes = resident_bytes(PEAK)
        with self.watch.phase("data_to_device"):
            self.loop.bind(*data)
        with self.watch.phase("compile"):
            self.loop.compile(self.test_set)
        self.losses: list[FloatArray] = []
        self.window: Window | None = None

    def time(self, blocks: int, steps: int) -> Arrays:
        """The seconds of so many blocks of `steps` steps, at most `block_steps`: `dispatch_s` and `fetch_s`."""
        with self.watch.phase("data_wait"):
            staged = [self.loop.stage(self.batches.next(steps)) for _ in range(blocks)]
        start_s = time.perf_counter()
        with window() as self.window:
            times, losses = self._timed(staged)
        spent_s = time.perf_counter() - start_s
        self.watch.add("timing", spent_s - sum(float(part.sum()) for part in times.values()))
        self.losses += losses
        return times

    def _timed(self, staged: Sequence[Any]) -> tuple[Arrays, list[FloatArray]]:
        dispatch, fetch, clock = self.loop.dispatch, self.loop.fetch, time.perf_counter
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

    def epoch(self) -> float:
        """The seconds of a whole epoch of the plan: its whole batches, and the short one."""
        with self.watch.phase("data_wait"):
            staged = [self.loop.stage(portion) for portion in self.session.portions(0)]
        with self.watch.phase("epoch"):
            for portion in staged:
                self.loop.fetch(self.loop.dispatch(portion))
        return self.watch.seconds["epoch"]

    def evaluate(self) -> Evaluation | None:
        """The scores on the test set; None for loops that users type."""
        with self.watch.phase("evaluation"):
            return self.loop.evaluate(self.test_set)

    def to_accuracy(self, target: float) -> float | None:
        """The seconds of training by the plan from its beginning until an evaluation reaches the accuracy.

        Evaluations and the preparing of data are left out. None where the plan ends before, or nothing is evaluated.
        """
        trained_s = 0.0
        with self.watch.phase("to_accuracy"):
            self.loop.restart()
            for epoch in range(len(self.plan.orders)):
                if epoch and self.plan.augmentation:
                    self.loop.bind(*self.session.epoch(epoch))
                staged = [self.loop.stage(portion) for portion in self.session.portions(epoch)]
                start_s = time.perf_counter()
                for portion in staged:
                    self.loop.fetch(self.loop.dispatch(portion))
                trained_s += time.perf_counter() - start_s
                score = self.loop.evaluate(self.test_set)
                if score is None or score.accuracy is None:
                    return None
                if score.accuracy >= target:
                    return trained_s
        return None

    def losses_of_plan(self) -> FloatArray:
        """The losses of the plan's first epoch, of as many of its whole batches as were trained."""
        whole = len(self.plan.orders[0]) // self.plan.batch_size
        losses: FloatArray = np.concatenate([np.empty(0), *self.losses])
        return losses[:whole]
