"""A worker's task that makes the training of its side of a pair ready to be timed.

The other tasks are those of `harness.worker.timing`. The parity of the two sides is judged by `check`; here each side
trains as its user would train it: from the weights that its builder makes, with its dropout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.records.array_types import Array, FloatArray
from harness.subjects.pair.own_tasks import update_of
from harness.subjects.pair.side import batches_at, built_model, pair_at
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import Result, tasks
from harness.worker.timing.blocks import PEAK, TimedBlocks
from harness.worker.timing.tasks import Prepared, prepared

Step = tuple[Array, Array]


class PairTraining(TimedBlocks):
    """A user's own model, and steps of its training: forward, backward and update, one batch after another.

    A step takes a batch from the host's memory and ends when its loss is there, so that a block is all in `dispatch_s`.
    The batches begin again after the last. `horizon`: the most steps of all blocks together.
    """

    def __init__(
        self, session: Session, scratch: str, file: str, function: str, block_steps: int, horizon: int
    ) -> None:
        super().__init__(session, block_steps)
        with self.watch.phase("data_wait"):
            pair = pair_at(session, scratch)
            self.x, self.y = batches_at(scratch)
            self.next_step = 0
        with self.watch.phase("build"):
            self.model = built_model(session, pair, file, function, self.x[0], session.adapter.arm.precision)
            names = {p.name: p.name for p in self.model.parameters() if p.trainable}
            self.model.begin(update_of(session, pair, horizon), names, horizon)
        self.after_build_bytes = resident_bytes(PEAK)
        with self.watch.phase("compile"):
            before = self.model.weights()
            self.model.loss_and_gradients(self.x[0], self.y[0])  # it updates the layers' statistics
            self.model.set_weights(before)

    @property
    def batch_size(self) -> int:
        return self.x.batch_size

    def stage(self, steps: int) -> list[Step]:
        numbers = (self.next_step + np.arange(steps)) % len(self.x)
        self.next_step += steps
        return [(self.x[number], self.y[number]) for number in numbers]

    def dispatcher(self) -> tuple[Callable[[Any], Any], Callable[[Any], FloatArray]]:
        return self._train, np.asarray

    def next_losses(self, steps: int) -> FloatArray:
        return np.asarray(self._train(self.stage(steps)))

    def losses_of_plan(self) -> FloatArray:
        return self.first_losses(len(self.x))

    def _train(self, block: list[Step]) -> list[float]:
        step = self.model.step
        return [step(x, y) for x, y in block]


def prepare(session: Session, scratch: str, file: str, function: str, block_steps: int, horizon: int) -> Result:
    """Builds the side's model and compiles it. `block_steps`: 0 takes as many steps as there are batches."""
    session.forget()
    steps = len(batches_at(scratch)[0])
    return prepared(session, PairTraining(session, scratch, file, function, block_steps or steps, horizon), steps)


TASKS = tasks(__name__, {"prepare": (prepare, Prepared)})
