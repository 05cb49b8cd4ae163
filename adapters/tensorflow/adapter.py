"""TensorFlow behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import keras
import numpy as np
import tensorflow as tf

from adapters.base import FrameworkAdapter
from adapters.protocol import (
    Array,
    Parameters,
    ScheduleForm,
)
from adapters.tensorflow import device, losses, optimizers
from adapters.tensorflow.activations import ACTIVATIONS
from adapters.tensorflow.layers import LAYERS, model
from adapters.tensorflow.schedules import schedule_forms
from adapters.tensorflow.trainer import TensorFlowTrainer
from harness.spec.arm import Arm
from harness.spec.layers import Model
from harness.spec.losses import Loss
from harness.spec.optimizers import Optimizer
from harness.spec.schedules import Schedule


class TensorFlowAdapter(FrameworkAdapter):
    def __init__(self, arm: Arm) -> None:
        super().__init__(arm, device, losses, optimizers, LAYERS, ACTIVATIONS)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.exact, self.arm.mode)

    def optimizer(
        self,
        spec: Optimizer,
        schedule: Schedule,
        parameters: Parameters,
        gradients: Sequence[Parameters],
    ) -> Iterator[dict[str, Array]]:
        dtype = self.arm.precision
        live = {name: keras.Variable(value.astype(dtype), dtype=dtype) for name, value in parameters.items()}
        mode, variables = self.arm.mode, list(live.values())
        update = optimizers.optimizer(spec, schedule, variables, len(gradients), self.exact, dtype, mode)
        apply = update if mode == "eager" else tf.function(update, jit_compile=mode == "xla")
        for each in gradients:
            apply([tf.constant(each[name], dtype) for name in live])
            yield {name: np.array(variable.value) for name, variable in live.items()}

    def trainer(
        self,
        model_spec: Model,
        loss_spec: Loss,
        optimizer_spec: Optimizer,
        schedule: Schedule,
        weights: Parameters,
        horizon: int,
    ) -> TensorFlowTrainer:
        precision, mode = self.arm.precision, self.arm.mode
        network, named = model(model_spec, weights, precision)
        variables = list(named.values())
        update = optimizers.optimizer(
            optimizer_spec, schedule, variables, horizon, self.exact, precision, self.arm.mode
        )
        criterion = losses.loss(loss_spec, prod(model_spec.output_shape), precision)
        return TensorFlowTrainer(network, named, criterion, update, precision, mode)
