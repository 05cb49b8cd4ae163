"""The training of an experiment, timed block by block."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from adapters.protocol import Evaluation
from harness.records.array_types import FloatArray
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.timing.batches import Batches
from harness.worker.timing.blocks import PEAK, TimedBlocks
from harness.worker.timing.loops import loop_of


class TimedTraining(TimedBlocks):
    """The model of the experiment, its training set on the device, and blocks of its training.

    `loop`: empty for the arm's own, else one that users type. `block_steps`: the steps of a block, for which is
    compiled. `horizon`: the most steps of all blocks together.
    """

    def __init__(self, session: Session, loop: str, block_steps: int, horizon: int) -> None:
        super().__init__(session, block_steps)
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

    @property
    def batch_size(self) -> int:
        return self.plan.batch_size

    def stage(self, steps: int) -> Any:
        return self.loop.stage(self.batches.next(steps))

    def dispatcher(self) -> tuple[Callable[[Any], Any], Callable[[Any], FloatArray]]:
        return self.loop.dispatch, self.loop.fetch

    def next_losses(self, steps: int) -> FloatArray:
        return self.loop.losses(self.batches.next(steps))

    def epoch(self) -> float | None:
        """Of the plan: its whole batches, and the short one."""
        with self.watch.phase("data_wait"):
            staged = [self.loop.stage(portion) for portion in self.session.portions(0)]
        with self.watch.phase("epoch"):
            for portion in staged:
                self.loop.fetch(self.loop.dispatch(portion))
        return self.watch.seconds["epoch"]

    def evaluate(self) -> Evaluation | None:
        with self.watch.phase("evaluation"):
            return self.loop.evaluate(self.test_set)

    def to_accuracy(self, target: float) -> float | None:
        """By the plan, from its beginning; preparing data is left out too."""
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
        """Of the plan's first epoch, its whole batches."""
        whole = len(self.plan.orders[0]) // self.plan.batch_size
        return self.first_losses(whole)
