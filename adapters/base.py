"""What the adapters of the frameworks have in common: how a word is made, looked up by its family."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from adapters.protocol import Device, Environment, Realisation, ScheduleForm, UnsupportedSpecError, made_by
from harness.spec import activations, layers, losses, optimizers, schedules
from harness.spec.arm import Arm
from harness.spec.base import Word

Made = Mapping[type[Any], tuple[Realisation, Any]]


class FrameworkAdapter(ABC):
    """Set up for one arm. `device`, `losses` and `optimizers` are the modules of those names in its folder."""

    def __init__(
        self,
        arm: Arm,
        device: ModuleType,
        losses: ModuleType,
        optimizers: ModuleType,
        layers: Made,
        activations: Made,
    ) -> None:
        device.set_up(arm)
        self.arm, self.device, self.losses, self.optimizers = arm, device, losses, optimizers
        self.layers, self.activations = layers, activations
        # Both frameworks keep their rate (and Keras its betas, and most of MindSpore's optimizers their weights) in
        # float32: among float64 weights only the canonical rules are exact.
        self.exact = arm.realisation == "exact" or arm.precision == "float64"

    def environment(self) -> Environment:
        found: Environment = self.device.environment(self.arm)
        return found

    def devices(self) -> tuple[Device, ...]:
        found: tuple[Device, ...] = self.device.devices()
        return found

    @abstractmethod
    def schedule_forms(self, spec: schedules.Schedule) -> tuple[ScheduleForm, ...]: ...

    def realisation(self, spec: Word) -> Realisation:
        try:
            return self._made(spec)
        except UnsupportedSpecError as error:
            return Realisation("unsupported", "", str(error))

    def _made(self, spec: Word) -> Realisation:
        made: Realisation
        match spec:
            case schedules.Schedule():
                return next(form.realisation for form in self.schedule_forms(spec) if form.used)
            case optimizers.Optimizer():
                made = self.optimizers.realisation(spec, self.exact)
            case losses.Loss():
                made = self.losses.realisation(spec, self.arm.precision)
            case layers.Layer():
                made = made_by(self.layers, spec, self.arm.adapter)[0]
            case activations.Activation():
                made = made_by(self.activations, spec, self.arm.adapter)[0]
            case _:
                raise UnsupportedSpecError(f"the {self.arm.adapter} adapter has no {spec.family} {spec.word()}")
        return made
