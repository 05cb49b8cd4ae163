"""MindSpore behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import mindspore as ms
from mindspore import Parameter, Tensor

from adapters.base import FrameworkAdapter
from adapters.mindspore import device, losses, optimizers
from adapters.mindspore.activations import ACTIVATIONS
from adapters.mindspore.layers import LAYERS, model, to_canonical
from adapters.mindspore.schedules import schedule_forms
from adapters.mindspore.trainer import MindSporeTrainer
from adapters.protocol import Array, Parameters, ScheduleForm
from harness.spec.arm import Arm
from harness.spec.layers import Model
from harness.spec.losses import Loss
from harness.spec.optimizers import Optimizer
from harness.spec.schedules import Schedule


class MindSporeAdapter(FrameworkAdapter):
    def __init__(self, arm: Arm) -> None:
        super().__init__(arm, device, losses, optimizers, LAYERS, ACTIVATIONS)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.exact)

    def optimizer(
        self,
        spec: Optimizer,
        schedule: Schedule,
        parameters: Parameters,
        gradients: Sequence[Parameters],
    ) -> Iterator[dict[str, Array]]:
        dtype = getattr(ms, self.arm.precision)
        live = {name: Parameter(Tensor(value, dtype), name=name) for name, value in parameters.items()}
        precision, variables = self.arm.precision, list(live.values())
        update = optimizers.optimizer(spec, schedule, variables, len(gradients), self.exact, precision)
        # Each gradient an argument of its own: a tuple of tensors would be a constant, compiled anew at every call.
        apply = optimizers.Applied(update) if self.arm.mode == "jit" else lambda *given: update(given)
        for each in gradients:
            apply(*(Tensor(each[name], dtype) for name in live))
            yield {name: to_canonical(name, parameter.asnumpy()) for name, parameter in live.items()}

    def trainer(
        self,
        model_spec: Model,
        loss_spec: Loss,
        optimizer_spec: Optimizer,
        schedule: Schedule,
        weights: Parameters,
        horizon: int,
    ) -> MindSporeTrainer:
        precision = self.arm.precision
        network, named = model(model_spec, weights, precision)
        update = optimizers.optimizer(optimizer_spec, schedule, list(named.values()), horizon, self.exact, precision)
        criterion = losses.loss(loss_spec, prod(model_spec.output_shape), precision)
        return MindSporeTrainer(network, named, criterion, update, precision, self.arm.mode == "jit")
