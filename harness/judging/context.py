"""What every rung is given: the experiment, its plan and data, the reference, and the arms that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import numpy as np

import adapters
from adapters.protocol import Adapter, EpochResult, Trainer
from adapters.reference.losses import per_sample
from harness.data import Dataset
from harness.data.inputs import Inputs
from harness.plan import Batch, Plan
from harness.records.array_types import FloatArray
from harness.spec.arm import Arm, Policy
from harness.spec.changes import Changes, Replacement, changed
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays
from harness.worker.process import Event

Made = TypeVar("Made")


@dataclass(frozen=True)
class Answer:
    """One arm's answer to a rung's question."""

    arm: Arm
    result: Event
    arrays: Arrays

    def tensor(self, name: str) -> FloatArray:
        """What the arm answered under this name; nothing, which has no right shape, where it answered nothing."""
        return self.arrays.get(name, np.empty(0))

    @property
    def precision(self) -> Any:
        return np.dtype(self.arm.precision).type


@dataclass(frozen=True)
class NumberedAnswer:
    """An arm's answer to one case of several, whose tensors are named `<number>/<tensor>`."""

    answer: Answer
    number: int

    @property
    def arm(self) -> Arm:
        return self.answer.arm

    def tensor(self, name: str) -> FloatArray:
        return self.answer.tensor(f"{self.number}/{name}")


Answers = Mapping[str, Answer]


@dataclass(frozen=True)
class Context:
    """`environments` holds what each arm said that it runs on, by the arm's name.

    `stated` is the experiment that the questions are about. The reference answers for `experiment`, which is the same
    but where it is asked what the answers would be if words were changed: see `given`. `spreads` is how far an arm's
    runs from the same start lie apart, by the arm's name and by what was recorded; nothing where it repeats itself.
    `made` is what was made for this context, `of_words` what the reference makes of single words, for all of them.
    """

    experiment: Experiment
    plan: Plan
    data: Dataset
    scratch: Path
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: Experiment | None = None
    spreads: dict[str, Arrays] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict)
    of_words: dict[Any, Any] = field(default_factory=dict)
    _making: Any = field(default_factory=RLock, repr=False, compare=False)

    @property
    def stated(self) -> Experiment:
        return self.asked or self.experiment

    def given(self, changes: Changes) -> Context:
        """The same questions, to be judged as if the spec had these changes; ValueError where it cannot have them."""
        return replace(self, experiment=changed(self.experiment, changes), asked=self.stated, made={}, _making=RLock())

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes, made at the first call with this key and kept; by one thread at a time."""
        with self._making:
            if key not in self.made:
                self.made[key] = make()
        made: Made = self.made[key]
        return made

    @cached_property
    def replacement(self) -> Replacement:
        """What the words that are asked about are to the reference."""
        return Replacement(self.stated, self.experiment)

    @cached_property
    def oracle(self) -> Adapter:
        """The reference in float64."""
        return _reference("float64", "exact")

    @cached_property
    def _in_float32(self) -> dict[Policy, Adapter]:
        return {"native": _reference("float32", "native"), "exact": _reference("float32", "exact")}

    def in_float32(self, arm: Arm) -> Adapter:
        """The reference in float32 arithmetic, its coefficients computed as the arm computes them."""
        return self._in_float32["exact" if arm.precision == "float64" else arm.realisation]

    @property
    def free_steps(self) -> int:
        """How many free-running steps are judged: no more than the run has."""
        return min(self.stated.comparison.free_steps, self.plan.steps)

    def trainer(self, adapter: Adapter, horizon: int) -> Trainer:
        return adapter.trainer(self.experiment.recipe, self.plan.weights, horizon)

    def batches(self, count: int) -> list[Batch]:
        """The first batches of the run, with their noise."""
        return self.plan.batches(count, self.experiment.model.noise())

    def updated(self, trainer: Trainer, batch: Batch, precision: str = "float64") -> EpochResult:
        """What the trainer's update on this one batch gives."""
        trainer.bind(*self.samples(batch, precision))
        noise = {name: drawn[None] for name, drawn in batch.noise.items()}
        return trainer.train_epoch(np.arange(len(batch.samples))[None], noise)

    @cached_property
    def _inputs(self) -> dict[str, Inputs]:
        precisions = "float64", "float32"
        return {each: Inputs(self.experiment.data, self.data.x_train, each) for each in precisions}

    def samples(self, batch: Batch, precision: str = "float64") -> tuple[FloatArray, Any]:
        """The samples of a batch as an arm of this precision sees them, and their targets."""
        samples = self.plan.seen(self.data.x_train, batch.epoch, batch.samples)
        return self._inputs[precision](samples), self.data.y_train[batch.samples]

    @cached_property
    def sample_loss_error(self) -> float:
        """The largest error that float32 arithmetic makes in the loss of any one sample of the first batch.

        The mean over the batch may be right by luck; no mean is further off than the worst of its samples, and no sum
        further than as many times that. These are
        samples in evaluation: what only training computes (statistics of the batch) shows in the error of its loss.
        """
        (batch,) = self.batches(1)
        each = {}
        for adapter in (self.oracle, self._in_float32["native"]):
            x, y = self.samples(batch, adapter.arm.precision)
            trainer = self.trainer(adapter, horizon=1)
            losses = per_sample(self.experiment.loss, trainer.forward(x), y)[0].astype(np.float64)
            summed = len(losses) if self.experiment.loss.reduction == "sum" else 1
            each[adapter.arm.precision] = np.append(summed * losses, trainer.loss_and_gradients(x, y, batch.noise)[0])
        return float(np.max(np.abs(each["float32"] - each["float64"])))


def _reference(precision: Any, policy: Policy) -> Adapter:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
    return adapters.load(arm)
