"""The context of the rungs: the experiment, its plan and data, and the reference."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import numpy as np

from adapters.protocol import Adapter, EpochResult, Parameters, Trainer
from adapters.reference.adapter import ReferenceAdapter
from adapters.reference.ensemble import disturbed
from adapters.reference.losses import per_sample
from harness.data import Dataset
from harness.data.inputs import Inputs
from harness.judging.arithmetic import Arithmetic
from harness.judging.remainders import in_float32
from harness.judging.tolerances import float32_runs
from harness.plan import Batch, Plan
from harness.records.array_types import FloatArray
from harness.records.cost import CostPlan
from harness.spec.arm import Arm, Policy
from harness.spec.changes import Changes, Replacement, changed
from harness.spec.experiment import Experiment
from harness.spec.loss_scale import DynamicLossScale
from harness.system.array_files import Arrays
from harness.system.progress import OnWork, counted, ignore
from harness.worker.process import Event

Made = TypeVar("Made")
NOT_EXACT: Mapping[str, Mapping[str, str]] = {"float64": {"precision": "float32"}}
REFERENCE = "the reference"  # who does the work that is not an arm's; no arm has a name with a space


@dataclass(frozen=True)
class Answer:
    """One arm's answer to a rung's question."""

    arm: Arm
    result: Event
    arrays: Arrays

    def tensor(self, name: str) -> FloatArray:
        """The arm's values under this name; an empty array, whose shape is never right, if there are none."""
        return self.arrays.get(name, np.empty(0))

    @property
    def precision(self) -> Any:
        """The type of the results."""
        return np.dtype(self.arm.variable_dtype).type

    @property
    def arithmetic(self) -> Arithmetic:
        """The arithmetic of the arm's layers, which may be of 16 bits."""
        return Arithmetic.of(self.arm)


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
    """What every rung needs to ask the arms and to compute the reference.

    `environments`: by arm, the versions and the device that it reported. `stated`: the experiment that the arms are
    asked about. The reference computes `experiment`, which differs from it only in a context with changes: see `given`.
    `spreads`: by arm and by quantity, the distance between its runs from the same start; empty if it repeats itself.
    `made`: the cache of this context. `of_words`: the cache of the reference's results for single words, which contexts
    with changes share. `cost`: the plan of cost, which may ask less than is stated.
    `on_work`: is told how far the reference's computations are.
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
    cost: CostPlan | None = None
    on_work: OnWork = field(default=ignore, repr=False, compare=False)
    _making: Any = field(default_factory=RLock, repr=False, compare=False)

    @property
    def stated(self) -> Experiment:
        return self.asked or self.experiment

    def given(self, changes: Changes) -> Context:
        """The context in which the arms' answers are judged by a reference of the changed spec.

        Raises ValueError if the changes do not give a valid spec.
        """
        return replace(self, experiment=changed(self.experiment, changes), asked=self.stated, made={}, _making=RLock())

    def over(self, steps: int) -> Context:
        """The context in which only so many free-running steps are judged."""

        def shorter(experiment: Experiment) -> Experiment:
            comparison = experiment.comparison.model_copy(update={"free_steps": steps})
            return experiment.model_copy(update={"comparison": comparison})

        asked = None if self.asked is None else shorter(self.asked)
        spreads = {arm: {name: values[:steps] for name, values in each.items()} for arm, each in self.spreads.items()}
        changes: Any = {"experiment": shorter(self.experiment), "asked": asked, "spreads": spreads}
        return replace(self, **changes, made={}, _making=RLock())

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The cached value of the key; the first call computes it with `make`. One thread at a time."""
        with self._making:
            if key not in self.made:
                self.made[key] = make()
        value: Made = self.made[key]
        return value

    @cached_property
    def replacement(self) -> Replacement:
        """Translates words of the stated experiment to those of the reference's experiment."""
        return Replacement(self.stated, self.experiment)

    @cached_property
    def oracle(self) -> Adapter:
        """The reference in float64.

        Where all arms scale their losses by one rule that skips updates whose gradients overflow, so does the
        reference: its numbers are exact, and those that 16 bits cannot hold are infinite.
        """
        oracle = _reference("float64", "exact")
        rules = {(arm.compute_dtype, arm.loss_scale) for arm in self.stated.arms}
        half, rule = next(iter(rules))
        if half and isinstance(rule, DynamicLossScale) and len(rules) == 1:
            oracle.skip_overflows(half, rule)
        return oracle

    @cached_property
    def _in_float32(self) -> dict[Any, Adapter]:
        """By arithmetic, the references that were asked for."""
        return {}

    def in_float32(self, arm: Arm) -> Adapter:
        """The reference in float32 arithmetic, with coefficients computed as this arm computes its own.

        For an arm in mixed precision its layers round to the arm's 16 bits, as the arm's layers do.
        """
        precision, policy, loss_scale = arm.arithmetic
        if precision == "float64":
            precision, policy = "float32", "exact"
        key = precision, policy, loss_scale
        if key not in self._in_float32:
            self._in_float32[key] = _reference(precision, policy, loss_scale)
        return self._in_float32[key]

    @property
    def free_steps(self) -> int:
        """How many free-running steps are judged: at most as many as the run has."""
        return self._asked("free_steps", min(self.stated.free_steps, self.plan.steps))

    @property
    def self_steps(self) -> int:
        """How many steps an arm is compared with itself over."""
        return self._asked("self_steps", self.free_steps)

    def checkpoints(self, most: int) -> int:
        """How many checkpoints of a training are kept: at most as many as the plan of cost leaves."""
        return self._asked("checkpoints", most)

    @property
    def forced_batches(self) -> list[Batch]:
        """The batches of the teacher-forced steps."""
        batches = self.batches(self._asked("forced_steps", min(self.stated.forced_steps, self.plan.steps)))
        return [batch.first(self._asked("forced_samples", len(batch.samples))) for batch in batches]

    def _asked(self, field_of_extent: str, stated: int) -> int:
        return stated if self.cost is None else min(stated, getattr(self.cost.asked, field_of_extent))

    def trainer(self, adapter: Adapter, horizon: int) -> Trainer:
        return adapter.trainer(self.experiment.recipe, self.plan.weights, horizon)

    def batches(self, count: int) -> list[Batch]:
        """The first batches of the run, with their noise."""
        return self.plan.batches(count, self.experiment.model.noise())

    def steps(self, count: int, what: str) -> Iterator[Batch]:
        """The first batches of the run, one for each step of `what`, which is reported as work of the reference."""
        return self.told(self.batches(count), what)

    def told(self, batches: Sequence[Batch], what: str) -> Iterator[Batch]:
        """The batches in turn, each reported as a step of `what`."""
        return counted(batches, REFERENCE, what, self.on_work)

    def forced(self, what: str) -> Iterator[Batch]:
        """The batches of the teacher-forced steps in turn, each reported as a step of `what`."""
        return self.told(self.forced_batches, what)

    def updated(self, trainer: Trainer, batch: Batch, precision: str = "float64") -> EpochResult:
        """The result of one update of the trainer on this batch."""
        trainer.bind(*self.samples(batch, precision))
        noise = {name: drawn[None] for name, drawn in batch.noise.items()}
        return trainer.train_epoch(np.arange(len(batch.samples))[None], noise)

    @cached_property
    def _inputs(self) -> dict[str, Inputs]:
        precisions = "float64", "float32"
        return {precision: Inputs(self.experiment.data, self.data.x_train, precision) for precision in precisions}

    def test_set(self, precision: str = "float64") -> tuple[FloatArray, Any]:
        """The samples of the test set as an arm of this precision sees them, and their targets."""
        return self._inputs[precision](self.data.x_test), self.data.y_test

    def samples(self, batch: Batch, precision: str = "float64") -> tuple[FloatArray, Any]:
        """The samples of a batch as an arm of this precision sees them, and their targets."""
        samples = self.plan.seen(self.data.x_train, batch.epoch, batch.samples)
        return self._inputs[precision](samples), self.data.y_train[batch.samples]

    def sample_loss_error(self, arm: Arm) -> float:
        """`sample_loss_error_at` the initial weights, on the first batch."""
        key = "sample_loss_error", self._measure(arm).arm.arithmetic
        return self.once(key, lambda: self.sample_loss_error_at(arm, self.plan.weights, self.batches(1)[0]))

    def sample_loss_error_at(self, arm: Arm, weights: Parameters, batch: Batch) -> float:
        """The largest error of the arm's arithmetic in the loss of any single sample of the batch, at these weights.

        For an arm in float64 it is that of float32 arithmetic.

        The mean over the batch may be right by luck. Its error is at most that of the worst sample; the error of a sum
        over n samples is at most n times that. The samples are evaluated without training, so the training loss of the
        batch is included: it also shows the error of what only training computes (statistics of the batch). A
        batch of one sample may be right by luck as well, hence several runs, from weights moved by a unit in the last
        place.
        """
        exact = self._sample_losses(self.oracle, weights, batch)
        measure = self._measure(arm)
        count = float32_runs(self.experiment.model.multiply_adds * len(batch.samples))
        starts = (disturbed(weights, seed) for seed in range(count))
        runs = in_float32(exact, (partial(self._sample_losses, measure, start, batch) for start in starts))
        return max(float(np.max(np.abs(losses - exact["losses"]))) for losses in runs.of("losses"))

    def _measure(self, arm: Arm) -> Adapter:
        """The reference by which errors of losses are measured: its coefficients are computed in float32."""
        return self.in_float32(arm.model_copy(update={"realisation": "native", **NOT_EXACT.get(arm.precision, {})}))

    def _sample_losses(self, adapter: Adapter, weights: Parameters, batch: Batch) -> Arrays:
        """`losses` (B + 1,): the loss of each sample in evaluation, and that of the batch in training."""
        x, y = self.samples(batch, adapter.arm.variable_dtype)
        trainer = adapter.trainer(self.experiment.recipe, weights, 1)
        losses = per_sample(self.experiment.loss, trainer.forward(x), y)[0].astype(np.float64)
        terms = len(losses) if self.experiment.loss.reduction == "sum" else 1
        return {"losses": np.append(terms * losses, trainer.loss_and_gradients(x, y, batch.noise)[0])}


def _reference(precision: Any, policy: Policy, loss_scale: float | DynamicLossScale | None = None) -> ReferenceAdapter:
    how = {"precision": precision, "realisation": policy, "loss_scale": loss_scale}
    arm = Arm(name="reference", adapter="reference", mode="numpy", **how)
    return ReferenceAdapter(arm)
