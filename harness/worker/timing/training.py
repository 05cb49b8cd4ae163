"""A training that is timed block by block. Between the readings of the clock nothing runs but the framework."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from adapters.base import EVALUATION_BATCH
from adapters.protocol import Evaluation, Trainer
from harness.records.array_types import FloatArray
from harness.system.array_files import Arrays
from harness.worker.memory import resident_bytes
from harness.worker.norms import watch_of
from harness.worker.session import Session, whole_and_short
from harness.worker.timing.batches import Batches, Block, padded
from harness.worker.timing.stopwatch import Stopwatch
from harness.worker.timing.window import Window, window

PEAK = "VmHWM"


class TimedTraining:
    """The model of the experiment, its training set on the device, and blocks of its training.

    `block_steps`: the steps of a block, for which is compiled. `horizon`: the most steps of all blocks together.
    """

    def __init__(self, session: Session, block_steps: int, horizon: int) -> None:
        self.session, self.block_steps = session, block_steps
        self.watch = Stopwatch.of(session.birth)
        self.after_import_bytes = resident_bytes(PEAK)
        with self.watch.phase("data_wait"):
            self.plan, experiment = session.plan, session.experiment
            data, self.test_set = session.epoch(0), session.test_set()
            self.batches = Batches(session)
        with self.watch.phase("build"):
            self.trainer: Trainer = session.adapter.trainer(
                experiment.recipe, self.plan.weights, horizon + self.plan.steps, watch_of(experiment)
            )
        self.after_build_bytes = resident_bytes(PEAK)
        with self.watch.phase("data_to_device"):
            self.trainer.bind(*data)
        with self.watch.phase("compile"):
            self._compile()
        self.losses: list[FloatArray] = []
        self.window: Window | None = None

    def _compile(self) -> None:
        """Compiles the blocks, the epoch and the evaluation, and makes no update."""
        epoch_shapes = [part.shape for part in whole_and_short(self.plan.orders[0], self.plan.batch_size)]
        for steps, batch_size in dict.fromkeys([(self.block_steps, self.plan.batch_size), *epoch_shapes]):
            self.trainer.compile(steps, batch_size)
        x, y = self.test_set
        for size in {min(len(x), EVALUATION_BATCH), len(x) % EVALUATION_BATCH} - {0}:
            self.trainer.evaluate(x[:size], y[:size])

    def time(self, blocks: int, steps: int) -> Arrays:
        """The seconds of so many blocks of `steps` steps, at most `block_steps`: `dispatch_s` and `fetch_s`."""
        with self.watch.phase("data_wait"):
            staged = [padded(self.batches.next(steps), self.block_steps) for _ in range(blocks)]
        start_s = time.perf_counter()
        with window() as self.window:
            times, results = self._timed(staged, steps)
        spent_s = time.perf_counter() - start_s
        self.watch.add("timing", spent_s - sum(float(part.sum()) for part in times.values()))
        self.losses += results
        return times

    def _timed(self, staged: Sequence[Block], steps: int) -> tuple[Arrays, list[FloatArray]]:
        dispatch, fetch, clock = self.trainer.dispatch, self.trainer.fetch, time.perf_counter
        marks = np.empty((len(staged), 3))
        losses = []
        for number, (order, noise) in enumerate(staged):
            begin_s = clock()
            dispatched = dispatch(order, noise, steps)
            dispatched_s = clock()
            losses.append(fetch(dispatched).losses)
            marks[number] = begin_s, dispatched_s, clock()
        dispatch_s, fetch_s = np.diff(marks).T
        return {"dispatch_s": dispatch_s, "fetch_s": fetch_s}, losses

    def epoch(self) -> float:
        """The seconds of a whole epoch of the plan: its whole batches, and the short one."""
        with self.watch.phase("data_wait"):
            portions = self.session.portions(0)
        with self.watch.phase("epoch"):
            for portion in portions:
                self.trainer.train_epoch(*portion)
        return self.watch.seconds["epoch"]

    def evaluate(self) -> Evaluation:
        """The scores on the test set."""
        with self.watch.phase("evaluation"):
            return self.trainer.evaluate(*self.test_set)

    def losses_of_plan(self) -> FloatArray:
        """The losses of the plan's first epoch, of as many of its whole batches as were trained."""
        whole = len(self.plan.orders[0]) // self.plan.batch_size
        return np.concatenate([np.empty(0), *self.losses])[:whole]
