"""What the adapters of the frameworks have in common: setting up, saying how each word is made, scoring a model."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any

import numpy as np

import adapters
from adapters.protocol import (
    Array,
    Device,
    Environment,
    Evaluation,
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

ACCELERATORS: tuple[DeviceName, ...] = ("gpu", "ascend")
EVALUATION_BATCH = 1000


class FrameworkAdapter(ABC):
    """Set up for one arm. `device` is the module of that name in its folder."""

    def __init__(self, arm: Arm, device: ModuleType) -> None:
        self.arm, self.device = arm, device
        self.setting = Setting.of(arm, device.set_up(arm))

    def environment(self) -> Environment:
        environment: Environment = self.device.environment(self.arm)
        return environment

    def devices(self) -> tuple[Device, ...]:
        problems = {name: self.device.unavailable(name) for name in ACCELERATORS}
        processor = Device("cpu", True, platform.processor() or platform.machine())
        return processor, *(Device(name, not problem, problem) for name, problem in problems.items())

    @abstractmethod
    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]: ...

    def realisation(self, spec: Word) -> Realisation:
        return adapters.realisation(spec, self.setting)

    def supported(self, *words: Word) -> None:
        """UnsupportedSpecError, with the reason, where this arm cannot make one of the words."""
        for word in words:
            realisation = self.realisation(word)
            if realisation.kind == "unsupported":
                raise UnsupportedSpecError(realisation.reason)

    def supported_update(self, update: Update) -> None:
        self.supported(update.optimizer, update.schedule, update.clipping, update.weight_decay)

    def supported_recipe(self, recipe: Recipe) -> None:
        self.supported_update(recipe.update)
        self.supported(recipe.loss, recipe.regularizer, *recipe.model.words())


class FrameworkTrainer(ABC):
    """What a trainer does with NumPy arrays alone. `optimizer` is the framework's, made with the trainer."""

    optimizer: Any

    def __init__(self, recipe: Recipe) -> None:
        self.loss, self.labels = recipe.loss, recipe.targets == "labels"
        self.noise = recipe.model.noise()
        self.layer_names = [placed.name for placed in recipe.model.placed_layers()]
        self.shapes = {p.name: p.shape for p in recipe.model.parameters()}

    @abstractmethod
    def weights(self) -> dict[str, Array]: ...

    @abstractmethod
    def set_weights(self, weights: Parameters) -> None: ...

    @abstractmethod
    def score(self, x: Array, y: Array) -> tuple[float, int]:
        """In evaluation, of one batch: the loss without the penalty, and how many labels are missed."""

    def structure(self) -> Structure:
        arrays = self.weights()
        return Structure(
            tuple((name, value.shape, value.dtype.name) for name, value in arrays.items()),
            sum(value.size for value in arrays.values()),
        )

    def restart(self, weights: Parameters) -> None:
        self.set_weights(weights)
        self.optimizer.restart()

    def evaluate(self, x: Array, y: Array) -> Evaluation:
        total, wrong = 0.0, 0
        for start in range(0, len(x), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            value, missed = self.score(x[part], y[part])
            total += value * float(normaliser(self.loss, y[part]))
            wrong += missed
        whole = total / float(normaliser(self.loss, y))
        return Evaluation(whole, (len(x) - wrong) / len(x) if self.labels else None, len(x))


def kept(value: Array) -> Array:
    """The value to be had back later; of a tensor that is one number throughout, as most slots start, the number."""
    return np.broadcast_to(value.flat[0], value.shape) if np.ptp(value) == 0 else value.copy()
