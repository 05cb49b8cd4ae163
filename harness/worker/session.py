"""What lives as long as a worker: the adapter, and the inputs and the trainer once they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Trainer
from harness.arrays import save_arrays
from harness.data.dataset import scaled
from harness.plan import Batch, Plan
from harness.spec.experiment import Experiment

Send = Callable[..., None]
Result = dict[str, Any]


class Session:
    """What lives as long as the worker: the adapter, and the inputs and the trainer once they are asked for."""

    def __init__(self, adapter: Adapter, send: Send) -> None:
        self.adapter, self.send = adapter, send
        self.scratch = Path()

    def at(self, scratch: str) -> Session:
        if Path(scratch) != self.scratch:
            self.scratch = Path(scratch)
            self.forget()
        return self

    def forget(self) -> None:
        """Nothing made for the last question holds for the next: another experiment, or weights anew."""
        for made in ("experiment", "plan", "trainer"):
            self.__dict__.pop(made, None)

    @cached_property
    def experiment(self) -> Experiment:
        return Experiment.model_validate_json((self.scratch / "experiment.json").read_text())

    @cached_property
    def plan(self) -> Plan:
        return Plan.load(self.scratch / "plan.npz")

    @cached_property
    def trainer(self) -> Trainer:
        e = self.experiment
        return self.adapter.trainer(e.recipe, self.plan.weights, self.plan.steps, e.training.gradient_norms)

    def batches(self, count: int) -> list[Batch]:
        """The first batches of the run, with their noise."""
        return self.plan.batches(count, self.experiment.model.noise())

    def samples(self, part: str, batch: Any = slice(None)) -> tuple[Any, Any]:
        """Images and labels as every arm sees them: pixel / 255, in the arm's precision."""
        pixels = np.load(self.scratch / f"x_{part}.npy", mmap_mode="r")[batch]
        labels = np.load(self.scratch / f"y_{part}.npy")[batch]
        return scaled(pixels, self.adapter.arm.precision), labels

    def reply(self, arrays: dict[str, Any], **fields: Any) -> Result:
        path = self.scratch / f"{self.adapter.arm.name}.answer.npz"
        save_arrays(path, arrays)
        return {"arrays": str(path), **fields}
