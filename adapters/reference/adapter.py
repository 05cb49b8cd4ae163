"""The reference behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import adapters
from adapters.coefficients import steps_of_updates
from adapters.protocol import (
    NO_NOISE,
    Array,
    Device,
    Environment,
    FloatArray,
    IntArray,
    Parameters,
    ScheduleForm,
    UnsupportedSpecError,
)
from adapters.reference import device
from adapters.reference.activations import activate
from adapters.reference.layers import apply, within
from adapters.reference.losses import value_and_gradient
from adapters.reference.metrics import metric
from adapters.reference.realisations import FORMULA
from adapters.reference.regularizers import penalty
from adapters.reference.rounding import Range, cast, rounded, rounding
from adapters.reference.schedules import oracle, rates
from adapters.reference.trainer import ReferenceTrainer
from adapters.reference.updates import WholeUpdate, replay
from adapters.setting import Realisation, Setting
from harness.records.step_columns import Watched
from harness.records.tensor_key import keyed
from harness.spec.activations import Activation
from harness.spec.arm import Arm, HalfPrecision
from harness.spec.base import Word
from harness.spec.initializers import Initializer
from harness.spec.loss_scale import DynamicLossScale
from harness.spec.losses import Loss
from harness.spec.metrics import Metric
from harness.spec.model import PlacedLayer
from harness.spec.parameters import Shape
from harness.spec.recipe import Recipe, Update
from harness.spec.regularizers import Regularizer
from harness.spec.schedules import Schedule


class ReferenceAdapter:
    """In float64 under the `exact` policy the oracle; in float32 the measure of the error of float32 arithmetic.

    Under `exact` the scalar coefficients are computed in float64 (schedules in extended precision) and rounded once.
    Under `native` they are computed in the precision of the arm, as by a framework that uses only that precision.
    In mixed precision it is the measure of the error of rounding to 16 bits: see `adapters.reference.rounding`.
    """

    def __init__(self, arm: Arm) -> None:
        device.set_up(arm)
        self.arm = arm
        self.setting = Setting.of(arm, "cpu")
        self.precision, self.half = np.dtype(arm.variable_dtype).type, arm.compute_dtype
        self.loss_scale, self.streams = arm.loss_scale, tuple[Range, ...]()
        self.coefficient_arithmetic = np.float64 if arm.realisation == "exact" else self.precision

    def skip_overflows(self, half: HalfPrecision, rule: DynamicLossScale) -> None:
        """From now on numbers that `half` cannot hold are infinite, and updates with such gradients are skipped."""
        self.half, self.loss_scale, self.streams = half, rule, (Range(),)

    def environment(self) -> Environment:
        return device.environment(self.arm)

    def devices(self) -> tuple[Device, ...]:
        return device.devices()

    def realisation(self, spec: Word) -> Realisation:
        return adapters.realisation(spec, self.setting)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return (ScheduleForm("formula", FORMULA, lambda steps: self._rates(spec, steps), used=True),)

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        with rounding(self.half, self.streams):
            taken = {name: cast(self._cast(value)) for name, value in extra.items()}
            y, pullback = activate(spec, cast(self._cast(x)), taken)
            gradient, learned = pullback(cast(self._cast(upstream)))
            rounded_gradients = {name: rounded(value) for name, value in learned.items()}
            return {"value": rounded(y), "gradient": rounded(gradient), **keyed("gradient", rounded_gradients)}

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        targets = self._cast(y) if np.issubdtype(y.dtype, np.floating) else y
        value, gradient = value_and_gradient(spec, self._cast(outputs), targets)
        return {"value": np.asarray(value), "gradient": gradient}

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        return {"value": metric(spec, self._cast(outputs), y)}

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        value, slopes = penalty(spec, {name: self._cast(kernel) for name, kernel in kernels.items()})
        zeros = {name: np.zeros(kernel.shape, self.precision) for name, kernel in kernels.items()}
        return {"value": np.asarray(value, self.precision), **keyed("gradient", {**zeros, **slopes})}

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        layer_weights = {name: self._cast(value) for name, value in within(placed, weights).items()}
        layer_noise = (
            {name: self._cast(value) for name, value in within(placed, noise).items()} if training else NO_NOISE
        )
        with rounding(self.half, self.streams):
            applied = apply(placed, layer_weights, self._cast(x), layer_noise, training)
            gradient, learned = applied.pullback(self._cast(upstream))
        kept = [p.name.removeprefix(f"{placed.name}/") for p in placed.parameters if training and not p.trainable]
        state = keyed("state", {name: applied.state.get(name, layer_weights[name]) for name in kept})
        return {"value": applied.y, "gradient": gradient, **keyed("gradient", learned), **state}

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        raise UnsupportedSpecError("the plan draws for the reference")

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        return self._replayed(self._optimizer(update, len(gradients)), parameters, gradients)

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        requested, longest = set(milestones), max(milestones, default=0)
        by_step = [{name: values[k] for name, values in gradients.items()} for k in range(longest)]
        count = len(next(iter(gradients.values())))
        replays = [self._replayed(self._optimizer(update, count), parameters, by_step) for update in updates]
        for k, after in enumerate(zip(*replays, strict=True), start=1):
            if k in requested:
                yield list(after)

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        optimizer = self._optimizer(update, len(gradients))
        for _ in self._replayed(optimizer, parameters, gradients):
            pass
        return optimizer.slots()

    def trainer(
        self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()
    ) -> ReferenceTrainer:
        optimizer = self._optimizer(recipe.update, horizon)
        return ReferenceTrainer(
            recipe, optimizer, weights, self.precision, watch, self.half, self.loss_scale, self.streams
        )

    def _replayed(
        self, optimizer: WholeUpdate, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        cast = [{name: self._cast(value) for name, value in arrays.items()} for arrays in gradients]
        start = {name: self._cast(value) for name, value in parameters.items()}
        return replay(optimizer, start, cast)

    def _optimizer(self, update: Update, horizon: int) -> WholeUpdate:
        rates = self._rates(update.schedule, steps_of_updates(update, horizon))
        return WholeUpdate(update, rates, self.precision, self.coefficient_arithmetic)

    def _rates(self, schedule: Schedule, steps: IntArray) -> FloatArray:
        if self.arm.realisation == "exact":
            return oracle(schedule, steps)
        return rates(schedule, steps, self.precision)

    def _cast(self, value: Any) -> Array:
        return np.asarray(value, self.precision)
