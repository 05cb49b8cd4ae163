"""MindSpore behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import mindspore as ms
from mindspore import Parameter, Tensor

from adapters.mindspore import device
from adapters.mindspore.activations import ACTIVATIONS
from adapters.mindspore.layers import LAYERS, model, to_canonical
from adapters.mindspore.losses import loss
from adapters.mindspore.losses import realisation as loss_realisation
from adapters.mindspore.optimizers import optimizer, realisation
from adapters.mindspore.schedules import schedule_forms
from adapters.mindspore.trainer import MindSporeTrainer
from adapters.protocol import (
    Array,
    Device,
    Environment,
    Parameters,
    Realisation,
    ScheduleForm,
    UnsupportedSpecError,
    made_by,
)
from harness.spec import activations, layers, losses, optimizers, schedules
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.layers import Model


class MindSporeAdapter:
    def __init__(self, arm: Arm) -> None:
        device.set_up(arm)
        self.arm = arm
        self.jit = arm.mode == "jit"
        # The optimizers keep their rate in float32 and most refuse float64: there only the canonical rules are exact.
        self.exact = arm.realisation == "exact" or arm.precision == "float64"

    def environment(self) -> Environment:
        return device.environment(self.arm)

    def devices(self) -> tuple[Device, ...]:
        return device.devices()

    def realisation(self, spec: Word) -> Realisation:
        try:
            return self._made(spec)
        except UnsupportedSpecError as error:
            return Realisation("unsupported", "", str(error))

    def _made(self, spec: Word) -> Realisation:
        match spec:
            case schedules.Schedule():
                return next(form.realisation for form in self.schedule_forms(spec) if form.used)
            case optimizers.Optimizer():
                return realisation(spec, self.exact)
            case losses.Loss():
                return loss_realisation(spec, self.arm.precision)
            case layers.Layer():
                return made_by(LAYERS, spec, "mindspore")[0]
            case activations.Activation():
                return made_by(ACTIVATIONS, spec, "mindspore")[0]
        raise UnsupportedSpecError(f"the mindspore adapter has no {spec.family} {spec.word()}")

    def schedule_forms(self, spec: schedules.Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.exact)

    def optimizer(
        self,
        spec: optimizers.Optimizer,
        schedule: schedules.Schedule,
        parameters: Parameters,
        gradients: Sequence[Parameters],
    ) -> Iterator[dict[str, Array]]:
        dtype = getattr(ms, self.arm.precision)
        live = {name: Parameter(Tensor(value, dtype), name=name) for name, value in parameters.items()}
        update = optimizer(spec, schedule, list(live.values()), len(gradients), self.exact, self.arm.precision)
        apply = ms.jit(update.construct) if self.jit else update
        for each in gradients:
            apply(tuple(Tensor(each[name], dtype) for name in live))
            yield {name: to_canonical(name, parameter.asnumpy()) for name, parameter in live.items()}

    def trainer(
        self,
        model_spec: Model,
        loss_spec: losses.Loss,
        optimizer_spec: optimizers.Optimizer,
        schedule: schedules.Schedule,
        weights: Parameters,
        horizon: int,
    ) -> MindSporeTrainer:
        precision = self.arm.precision
        network, named = model(model_spec, weights, precision)
        update = optimizer(optimizer_spec, schedule, list(named.values()), horizon, self.exact, precision)
        criterion = loss(loss_spec, prod(model_spec.output_shape), precision)
        return MindSporeTrainer(network, named, criterion, update, precision, self.jit)
