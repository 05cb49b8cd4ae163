"""TensorFlow behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import keras
import numpy as np
import tensorflow as tf

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
from adapters.tensorflow import device
from adapters.tensorflow.activations import ACTIVATIONS
from adapters.tensorflow.layers import LAYERS, model
from adapters.tensorflow.losses import loss
from adapters.tensorflow.losses import realisation as loss_realisation
from adapters.tensorflow.optimizers import optimizer, realisation
from adapters.tensorflow.schedules import schedule_forms
from adapters.tensorflow.trainer import TensorFlowTrainer
from harness.spec import activations, layers, losses, optimizers, schedules
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.layers import Model


class TensorFlowAdapter:
    def __init__(self, arm: Arm) -> None:
        device.set_up(arm)
        self.arm = arm
        self.jit = arm.mode != "eager"
        # Keras keeps rates and betas in float32 even among float64 variables: there only the canonical rules are exact.
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
                return made_by(LAYERS, spec, "tensorflow")[0]
            case activations.Activation():
                return made_by(ACTIVATIONS, spec, "tensorflow")[0]
        raise UnsupportedSpecError(f"the tensorflow adapter has no {spec.family} {spec.word()}")

    def schedule_forms(self, spec: schedules.Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.exact, self.arm.mode)

    def optimizer(
        self,
        spec: optimizers.Optimizer,
        schedule: schedules.Schedule,
        parameters: Parameters,
        gradients: Sequence[Parameters],
    ) -> Iterator[dict[str, Array]]:
        dtype = self.arm.precision
        live = {name: keras.Variable(value.astype(dtype), dtype=dtype) for name, value in parameters.items()}
        update = optimizer(spec, schedule, list(live.values()), len(gradients), self.exact, dtype, self.arm.mode)
        apply = tf.function(update, jit_compile=self.arm.mode == "xla") if self.jit else update
        for each in gradients:
            apply([tf.constant(each[name], dtype) for name in live])
            yield {name: np.array(variable.value) for name, variable in live.items()}

    def trainer(
        self,
        model_spec: Model,
        loss_spec: losses.Loss,
        optimizer_spec: optimizers.Optimizer,
        schedule: schedules.Schedule,
        weights: Parameters,
        horizon: int,
    ) -> TensorFlowTrainer:
        precision = self.arm.precision
        network, named = model(model_spec, weights, precision)
        variables = list(named.values())
        update = optimizer(optimizer_spec, schedule, variables, horizon, self.exact, precision, self.arm.mode)
        criterion = loss(loss_spec, prod(model_spec.output_shape), precision)
        return TensorFlowTrainer(network, named, criterion, update, precision, self.arm.mode)
