"""What lives as long as a worker: the adapter, and the inputs and the trainer once they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters, Trainer
from harness.data.inputs import Inputs
from harness.plan import Batch, Plan
from harness.records.array_types import IntArray
from harness.records.step_columns import DIGESTS
from harness.spec.changes import Changes, Replacement, changed
from harness.spec.experiment import Experiment
from harness.system.array_files import save_arrays
from harness.worker.forks import end_copy
from harness.worker.norms import watch_of
from harness.worker.task import Result

Send = Callable[..., None]


class Session:
    """What lives as long as the worker: the adapter, and the inputs and the trainer once they are asked for."""

    def __init__(self, adapter: Adapter, send: Send) -> None:
        self.adapter, self.send = adapter, send
        self.scratch = Path()
        self._owner = os.getpid()
        self.changes: Changes = {}

    def end_copy(self) -> None:
        """To be called before anything is written: a copy that a user's code has forked would write the same files."""
        end_copy(self._owner)

    def at(self, scratch: str) -> Session:
        if Path(scratch) != self.scratch:
            self.scratch = Path(scratch)
            self.forget()
        return self

    def given(self, changes: Changes) -> Session:
        """Answers, until told otherwise, as if the spec had these changes, over those that are the arm's own."""
        if changes != self.changes:
            self.changes = changes
            self.forget()
        return self

    def forget(self) -> None:
        """Nothing made for the last question holds for the next: another experiment, or weights anew."""
        for made in ("stated", "experiment", "replacement", "plan", "inputs", "trainer", "traced"):
            self.__dict__.pop(made, None)

    @cached_property
    def stated(self) -> Experiment:
        """As it was asked for."""
        return Experiment.model_validate_json((self.scratch / "experiment.json").read_text())

    @cached_property
    def experiment(self) -> Experiment:
        """As this arm has it."""
        return changed(self.stated, {**self.adapter.arm.spec, **self.changes})

    @cached_property
    def replacement(self) -> Replacement:
        """What the words of the stated experiment are in the arm's own."""
        return Replacement(self.stated, self.experiment)

    @cached_property
    def plan(self) -> Plan:
        return Plan.load(self.scratch / "plan.npz")

    @cached_property
    def trainer(self) -> Trainer:
        e = self.experiment
        return self.adapter.trainer(e.recipe, self.plan.weights, self.plan.steps, watch_of(e))

    @cached_property
    def traced(self) -> Trainer:
        """A trainer that tells a digest of every step."""
        return self.adapter.trainer(self.experiment.recipe, self.plan.weights, self.plan.steps, DIGESTS)

    def batches(self, count: int) -> list[Batch]:
        """The first batches of the run, with their noise."""
        return self.plan.batches(count, self.experiment.model.noise())

    @cached_property
    def inputs(self) -> Inputs:
        return Inputs(self.experiment.data, self._raw("x_train"), self.adapter.arm.precision)

    def test_set(self) -> tuple[Any, Any]:
        """Samples, in the arm's precision, and targets."""
        return self.inputs(self._raw("x_test")), np.array(self._raw("y_test"))

    def epoch(self, number: int) -> tuple[Any, Any]:
        """The training samples of an epoch, by their number, and targets."""
        samples = self.plan.seen(self._raw("x_train"), number)
        return self.inputs(samples), np.array(self._raw("y_train"))

    def portions(self, epoch: int, samples: int | None = None) -> list[tuple[IntArray, Parameters]]:
        """What a trainer is given of an epoch, or of its first `samples`: whole batches, a short one; with noise."""
        part, size = slice(0, samples), self.plan.batch_size
        noise = self.plan.noise_of(epoch, self.experiment.model.noise(), part)
        drawn = {name: whole_and_short(each, size) for name, each in noise.items()}
        batches = enumerate(whole_and_short(self.plan.orders[epoch][part], size))
        return [(each, {name: own[number] for name, own in drawn.items()}) for number, each in batches]

    def batch(self, batch: Batch) -> tuple[Any, Any]:
        """The samples and targets of one batch."""
        samples = self.plan.seen(self._raw("x_train"), batch.epoch, batch.samples)
        return self.inputs(samples), self._raw("y_train")[batch.samples]

    def _raw(self, array: str) -> Any:
        return np.asarray(np.load(self.scratch / f"{array}.npy", mmap_mode="r"))

    def reply(self, arrays: dict[str, Any], **fields: Any) -> Result:
        """The result of a task with its arrays, which are left in a file."""
        self.end_copy()
        path = self.scratch / f"{self.adapter.arm.name}.answer.npz"
        save_arrays(path, arrays)
        return {"arrays": str(path), **fields}


def whole_and_short(order: Any, batch_size: int) -> list[Any]:
    """The whole batches as (steps, batch_size, ...) and, where samples are left over, the short one: (1, rest, ...)."""
    whole = len(order) - len(order) % batch_size
    parts = [order[:whole].reshape(-1, batch_size, *order.shape[1:]), order[None, whole:]]
    return [part for part in parts if part.size]
