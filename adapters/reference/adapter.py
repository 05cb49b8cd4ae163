"""The reference behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from adapters.protocol import (
    Array,
    Device,
    Environment,
    FloatArray,
    IntArray,
    Parameters,
    Realisation,
    ScheduleForm,
)
from adapters.reference import device
from adapters.reference.optimizers import Optimizer, replay
from adapters.reference.schedules import oracle, rates
from adapters.reference.trainer import ReferenceTrainer
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.layers import Model
from harness.spec.losses import Loss
from harness.spec.optimizers import Optimizer as OptimizerSpec
from harness.spec.schedules import Schedule

FORMULA = Realisation("custom", "NumPy, from the formula")


class ReferenceAdapter:
    """In float64 with the `exact` policy the oracle; in float32 the measure of what float32 arithmetic costs.

    Under `exact` the scalar coefficients are computed in float64 (schedules beyond it) and rounded once; under
    `native` they are computed in the precision of the arm, as a framework does that knows only that precision.
    """

    def __init__(self, arm: Arm) -> None:
        device.set_up(arm)
        self.arm = arm
        self.precision = np.dtype(arm.precision).type
        self.coefficient_arithmetic = np.float64 if arm.realisation == "exact" else self.precision

    def environment(self) -> Environment:
        return device.environment(self.arm)

    def devices(self) -> tuple[Device, ...]:
        return device.devices()

    def realisation(self, spec: Word) -> Realisation:
        return FORMULA

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return (ScheduleForm("formula", FORMULA, lambda steps: self._rates(spec, steps), used=True),)

    def optimizer(
        self, spec: OptimizerSpec, schedule: Schedule, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        cast = [{name: value.astype(self.precision) for name, value in each.items()} for each in gradients]
        start = {name: value.astype(self.precision) for name, value in parameters.items()}
        return replay(self._optimizer(spec, schedule, len(cast)), start, cast)

    def trainer(
        self, model: Model, loss: Loss, optimizer: OptimizerSpec, schedule: Schedule, weights: Parameters, horizon: int
    ) -> ReferenceTrainer:
        return ReferenceTrainer(model, loss, self._optimizer(optimizer, schedule, horizon), weights, self.precision)

    def _optimizer(self, spec: OptimizerSpec, schedule: Schedule, horizon: int) -> Optimizer:
        return Optimizer(spec, self._rates(schedule, np.arange(horizon)), self.precision, self.coefficient_arithmetic)

    def _rates(self, schedule: Schedule, steps: IntArray) -> FloatArray:
        if self.arm.realisation == "exact":
            return oracle(schedule, steps)
        return rates(schedule, steps, self.precision)
