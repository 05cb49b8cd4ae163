"""The base classes of the adapters and trainers of the frameworks, for what needs only NumPy arrays."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

import adapters
from adapters.protocol import (
    NO_NOISE,
    Array,
    Device,
    Environment,
    EpochResult,
    Evaluation,
    IntArray,
    Parameters,
    ScheduleForm,
    Structure,
    UnsupportedSpecError,
)
from adapters.setting import Realisation, Setting
from adapters.weighting import normaliser
from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Schedule

Slot = TypeVar("Slot")

ACCELERATORS: tuple[DeviceName, ...] = ("gpu", "ascend")
EVALUATION_BATCH = 1000


class FrameworkAdapter(ABC):
    """The part of a framework's adapter that is the same for all frameworks, for one arm.

    `device` is the module `device` of the framework's folder.
    """

    def __init__(self, arm: Arm, device: ModuleType) -> None:
        self.arm, self.device = arm, device
        self.setting = Setting.of(arm, device.set_up(arm))

    def environment(self) -> Environment:
        """The framework's versions, device, threads and flags."""
        environment: Environment = self.device.environment(self.arm)
        return environment

    def devices(self) -> tuple[Device, ...]:
        """The CPU and each accelerator, with the reason where the framework cannot use it."""
        problems = {name: self.device.unavailable(name) for name in ACCELERATORS}
        cpu = Device("cpu", True, platform.processor() or platform.machine())
        return cpu, *(Device(name, not problem, problem) for name, problem in problems.items())

    @abstractmethod
    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        """Every form that the framework offers for the schedule; exactly one is `used`."""

    def realisation(self, spec: Word) -> Realisation:
        """How this arm makes the word."""
        return adapters.realisation(spec, self.setting)

    def require_supported(self, *words: Word) -> None:
        """Raises UnsupportedSpecError, with the reason, where this arm cannot make one of the words."""
        for word in words:
            realisation = self.realisation(word)
            if realisation.kind == "unsupported":
                raise UnsupportedSpecError(realisation.reason)

    def require_supported_update(self, update: Update) -> None:
        """Raises UnsupportedSpecError where this arm cannot make a word of the update."""
        self.require_supported(*update.words)

    def require_supported_recipe(self, recipe: Recipe) -> None:
        """Raises UnsupportedSpecError where this arm cannot make a word of the recipe."""
        self.require_supported_update(recipe.update)
        self.require_supported(recipe.loss, recipe.regularizer, *recipe.model.words())


class FrameworkTrainer(ABC):
    """The part of a framework's trainer that uses NumPy arrays alone. The subclass sets `optimizer` and `scaler`."""

    optimizer: Any
    scaler: Any

    def __init__(self, recipe: Recipe) -> None:
        self.loss, self.labels = recipe.loss, recipe.targets == "labels"
        self.noise = recipe.model.noise()
        self.layer_names = [placed.name for placed in recipe.model.placed_layers()]
        self.shapes = {parameter.name: parameter.shape for parameter in recipe.model.parameters()}

    @abstractmethod
    def weights(self) -> dict[str, Array]:
        """Copies of all parameters by canonical name, in canonical layout."""

    @abstractmethod
    def set_weights(self, weights: Parameters) -> None:
        """Overwrites the parameters and keeps the optimizer's state."""

    @abstractmethod
    def gradients_at_scale(self, x: Array, y: Array, noise: Parameters) -> tuple[float, dict[str, Array]]:
        """As `loss_and_gradients`, with the current factor of the loss."""

    @abstractmethod
    def score(self, x: Array, y: Array) -> tuple[float, int]:
        """The loss of one batch in evaluation, without the penalty, and the number of misclassified samples."""

    @abstractmethod
    def dispatch(self, order: IntArray, noise: Parameters = NO_NOISE, steps: int | None = None) -> Any:
        """Gives the framework the updates on the rows of `order`, and returns what `fetch` takes."""

    @abstractmethod
    def fetch(self, dispatched: Any) -> EpochResult:
        """Waits for the updates that `dispatch` gave to the framework, and copies their results."""

    def loss_and_gradients(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> tuple[float, dict[str, Array]]:
        """In training, the loss with the penalty, and its gradient by every trainable parameter.

        Where a rule changes the factor of the loss, it is lowered until the gradients are finite, and set back.
        """
        if self.scaler is None or not self.scaler.dynamic:
            return self.gradients_at_scale(x, y, noise)
        number, weights = self.scaler.number(), self.weights()
        loss, gradients = self.gradients_at_scale(x, y, noise)
        while self.scaler.number() > 1 and not all(np.isfinite(value).all() for value in gradients.values()):
            self.scaler.set_number(max(self.scaler.number() / self.scaler.rule.factor, 1.0))
            self.set_weights(weights)
            loss, gradients = self.gradients_at_scale(x, y, noise)
        self.scaler.set_number(number)
        return loss, gradients

    def train_epoch(self, order: IntArray, noise: Parameters = NO_NOISE) -> EpochResult:
        """One update for each row of `order`."""
        return self.fetch(self.dispatch(order, noise))

    def structure(self) -> Structure:
        """The names, shapes and dtypes of all parameters, and the total number of their elements."""
        arrays = self.weights()
        return Structure(
            tuple((name, value.shape, value.dtype.name) for name, value in arrays.items()),
            sum(value.size for value in arrays.values()),
        )

    def restart(self, weights: Parameters) -> None:
        """Sets the weights and resets the optimizer's slots and counters."""
        self.set_weights(weights)
        self.optimizer.restart()
        if self.scaler is not None:
            self.scaler.restart()

    def evaluate(self, x: Array, y: Array) -> Evaluation:
        """The loss and accuracy over all samples, computed in batches of EVALUATION_BATCH."""
        loss_sum, misses, scored = 0.0, 0, 0
        for start in range(0, len(x), EVALUATION_BATCH):
            batch = slice(start, start + EVALUATION_BATCH)
            batch_loss, batch_misses = self.score(x[batch], y[batch])
            loss_sum += batch_loss * float(normaliser(self.loss, y[batch]))
            misses += batch_misses
            scored += len(x[batch])
        loss = loss_sum / float(normaliser(self.loss, y))
        return Evaluation(loss, (scored - misses) / scored if self.labels else None, scored)


def compact_copy(value: Array) -> Array:
    """A copy of the array. Where all elements are equal, as in most initial slots, a broadcast view of one number."""
    return np.broadcast_to(value.flat[0], value.shape) if np.ptp(value) == 0 else value.copy()


def slots_in_order(slots: Mapping[str, Slot], names: Collection[str]) -> dict[str, Slot]:
    """The slots by `<slot>/<parameter>`, one kind of slot after another, each in the order of these parameters."""
    kinds = dict.fromkeys(key.partition("/")[0] for key in slots)
    keys = (f"{kind}/{name}" for kind in kinds for name in names)
    return {key: slots[key] for key in keys if key in slots}
