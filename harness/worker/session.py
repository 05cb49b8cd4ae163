"""The state of a worker: its adapter, and what it has made of the experiment that it is asked about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from adapters.protocol import Adapter, Parameters, Trainer
from harness.data.inputs import Inputs
from harness.plan import Batch, Plan
from harness.records.array_types import IntArray
from harness.records.step_columns import DIGESTS
from harness.spec.changes import Changes, Replacement, changed
from harness.spec.experiment import Experiment
from harness.system.array_files import load_array, save_arrays
from harness.system.progress import Work, counted
from harness.worker.birth import Birth
from harness.worker.forks import end_copy
from harness.worker.norms import watch_of
from harness.worker.task import Result

Send = Callable[..., None]
Item = TypeVar("Item")


class Session:
    """The state of a worker. What the experiment needs, from its plan to its trainer, is made on first use and kept."""

    def __init__(self, adapter: Adapter, send: Send, birth: Birth | None = None) -> None:
        self.adapter, self.send = adapter, send
        self.birth = birth or Birth.now()
        self.made: dict[str, Any] = {}  # what a task keeps for the next one
        self.scratch = Path()
        self._owner = os.getpid()
        self.changes: Changes = {}

    def counted(self, items: Sequence[Item], unit: str) -> Iterator[Item]:
        """The items in turn; the parent is told how many of them are done."""

        def tell(work: Work) -> None:
            self.send("progress", done=work.done, total=work.total, unit=unit)

        return counted(items, self.adapter.arm.name, "", tell)

    def end_copy(self) -> None:
        """Ends a forked copy of this process. Call it before writing: a copy would write the same files."""
        end_copy(self._owner)

    def at(self, scratch: str) -> Session:
        """The session, turned to the experiment in `scratch`."""
        if Path(scratch) != self.scratch:
            self.scratch = Path(scratch)
            self.forget()
        return self

    def set_changes(self, changes: Changes) -> Session:
        """Applies these changes to the spec, on top of the arm's own, until others are set."""
        if changes != self.changes:
            self.changes = changes
            self.forget()
        return self

    def forget(self) -> None:
        """Drops all that was made for the experiment, for another one or for a training with new weights."""
        for name in ("stated", "experiment", "replacement", "plan", "inputs", "trainer", "traced"):
            self.__dict__.pop(name, None)
        self.made.clear()

    @cached_property
    def stated(self) -> Experiment:
        """The experiment as the user stated it."""
        return Experiment.model_validate_json((self.scratch / "experiment.json").read_text())

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment with the arm's own words and the changes in place."""
        return changed(self.stated, {**self.adapter.arm.spec, **self.changes})

    @cached_property
    def replacement(self) -> Replacement:
        """Maps words of the stated experiment to those of `experiment`."""
        return Replacement(self.stated, self.experiment)

    @cached_property
    def plan(self) -> Plan:
        """The shared plan of the run."""
        return Plan.load(self.scratch / "plan.npz")

    @cached_property
    def trainer(self) -> Trainer:
        """A trainer with the plan's weights that records what the experiment asks for."""
        experiment = self.experiment
        return self.adapter.trainer(experiment.recipe, self.plan.weights, self.plan.steps, watch_of(experiment))

    @cached_property
    def traced(self) -> Trainer:
        """A trainer with the plan's weights that records digests at every step."""
        return self.adapter.trainer(self.experiment.recipe, self.plan.weights, self.plan.steps, DIGESTS)

    def batches(self, count: int) -> list[Batch]:
        """The first batches of the run, with their noise."""
        return self.plan.batches(count, self.experiment.model.noise())

    @cached_property
    def inputs(self) -> Inputs:
        """Converts raw samples to inputs in the arm's precision, with normalised pixels."""
        return Inputs(self.experiment.data, self._raw("x_train"), self.adapter.arm.variable_dtype)

    def test_set(self) -> tuple[Any, Any]:
        """The test samples, in the arm's precision, and their targets."""
        return self.inputs(self._raw("x_test")), np.array(self._raw("y_test"))

    def epoch(self, number: int) -> tuple[Any, Any]:
        """The training samples as they are seen in an epoch, in their numbering, and their targets."""
        samples = self.plan.seen(self._raw("x_train"), number)
        return self.inputs(samples), np.array(self._raw("y_train"))

    def portions(self, epoch: int, samples: int | None = None) -> list[tuple[IntArray, Parameters]]:
        """The orders and the noise of an epoch, or of its first `samples`: for its whole batches, then a short one."""
        part, size = slice(0, samples), self.plan.batch_size
        noise = self.plan.noise_of(epoch, self.experiment.model.noise(), part)
        noise_parts = {name: whole_and_short(values, size) for name, values in noise.items()}
        batches = enumerate(whole_and_short(self.plan.orders[epoch][part], size))
        return [(order, {name: values[number] for name, values in noise_parts.items()}) for number, order in batches]

    def batch(self, batch: Batch) -> tuple[Any, Any]:
        """The samples and targets of one batch."""
        samples = self.plan.seen(self._raw("x_train"), batch.epoch, batch.samples)
        return self.inputs(samples), self._raw("y_train")[batch.samples]

    def _raw(self, array: str) -> Any:
        return load_array(self.scratch / f"{array}.npy")

    def reply(self, arrays: dict[str, Any], **fields: Any) -> Result:
        """The result of a task. Its arrays are written to a file whose path the result holds."""
        self.end_copy()
        path = self.scratch / f"{self.adapter.arm.name}.answer.npz"
        save_arrays(path, arrays)
        return {"arrays": str(path), **fields}


def whole_and_short(order: Any, batch_size: int) -> list[Any]:
    """The whole batches as (steps, batch_size, ...) and, where samples are left over, the short one: (1, rest, ...)."""
    whole = len(order) - len(order) % batch_size
    parts = [order[:whole].reshape(-1, batch_size, *order.shape[1:]), order[None, whole:]]
    return [part for part in parts if part.size]
