"""What the adapters of the frameworks have in common: setting up, and saying how each word is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType

import numpy as np

import adapters
from adapters.protocol import Array, Device, Environment, ScheduleForm, UnsupportedSpecError
from adapters.setting import Realisation, Setting
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Schedule


class FrameworkAdapter(ABC):
    """Set up for one arm. `device` is the module of that name in its folder."""

    def __init__(self, arm: Arm, device: ModuleType) -> None:
        self.arm, self.device = arm, device
        self.setting = Setting.of(arm, device.set_up(arm))

    def environment(self) -> Environment:
        found: Environment = self.device.environment(self.arm)
        return found

    def devices(self) -> tuple[Device, ...]:
        found: tuple[Device, ...] = self.device.devices()
        return found

    @abstractmethod
    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]: ...

    def realisation(self, spec: Word) -> Realisation:
        return adapters.realisation(spec, self.setting)

    def supported(self, *words: Word) -> None:
        """UnsupportedSpecError, with the reason, where this arm cannot make one of the words."""
        for word in words:
            made = self.realisation(word)
            if made.kind == "unsupported":
                raise UnsupportedSpecError(made.reason)

    def supported_update(self, update: Update) -> None:
        self.supported(update.optimizer, update.schedule, update.clipping, update.weight_decay)

    def supported_recipe(self, recipe: Recipe) -> None:
        self.supported_update(recipe.update)
        self.supported(recipe.loss, recipe.regularizer, *recipe.model.words())


def kept(value: Array) -> Array:
    """The value to be had back later; of a tensor that is one number throughout, as most slots start, the number."""
    return np.broadcast_to(value.flat[0], value.shape) if np.ptp(value) == 0 else value.copy()
