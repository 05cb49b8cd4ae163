"""Training in MindSpore: one model with its loss and its update."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from mindspore import nn, ops

from adapters.base import FrameworkTrainer
from adapters.mindspore.digests import WatchedColumns
from adapters.mindspore.epochs import Step, Update, epoch_class, gathered
from adapters.mindspore.layers import to_canonical, to_native
from adapters.mindspore.loss_scaling import LossScaler
from adapters.mindspore.losses import loss
from adapters.mindspore.metrics import metric
from adapters.mindspore.model import model
from adapters.mindspore.regularizers import penalty
from adapters.mindspore.runtime import array, compiled, floats, integers
from adapters.mindspore.updates import whole_update
from adapters.protocol import NO_NOISE, Array, EpochResult, IntArray, Parameters
from adapters.setting import Setting
from harness.records.step_columns import Watched
from harness.records.tensor_key import TensorKey, keyed
from harness.spec.metrics import ZeroOne
from harness.spec.recipe import Recipe


class MindSporeTrainer(FrameworkTrainer):
    """One model with its loss and its update in this framework; the methods are those of `protocol.Trainer`."""

    def __init__(
        self, recipe: Recipe, weights: Parameters, horizon: int, setting: Setting, watch: tuple[Watched, ...]
    ) -> None:
        super().__init__(recipe)
        self.setting = setting
        self.network, outputs, self.parameters = model(recipe.model, weights, setting)
        self.scaler = None if setting.loss_scale is None else LossScaler(setting.loss_scale)
        self.trainable = {p.name: self.parameters[p.name] for p in recipe.model.parameters() if p.trainable}
        step = Step(
            self.network,
            outputs,
            loss(recipe.loss, prod(recipe.model.output_shape), recipe.targets, setting),
            metric(ZeroOne(), setting),
            penalty(recipe.regularizer, setting),
            list(self.trainable.values()),
            [self.parameters[p.name] for p in recipe.model.parameters() if p.is_penalised],
            self.scaler,
        )
        self.watched = WatchedColumns(recipe.model, watch, self.parameters, setting)
        self.optimizer = whole_update(recipe.update, self.trainable, horizon, setting)
        update = Update(step, self.optimizer.apply_gradients, self.watched)
        self._epoch = epoch_class(setting)(update, setting)
        self._gathered = compiled(gathered, setting)
        self._value_and_gradients = compiled(step.value_and_gradients, setting)
        self._layers = compiled(step.layers, setting)
        self._forward = compiled(step.forward, setting)
        self._score = compiled(step.score if self.labels else step.score_values, setting)
        self._current_weight_numbers = compiled(_CurrentWeightNumbers(self.watched).construct, setting)

    def weights(self) -> dict[str, Array]:
        return {
            name: to_canonical(name, array(parameter), self.shapes[name]) for name, parameter in self.parameters.items()
        }

    def set_weights(self, weights: Parameters) -> None:
        # Not Parameter.set_data, which silently detaches the parameter once an optimizer has run eagerly.
        for name, parameter in self.parameters.items():
            ops.assign(parameter, floats(to_native(name, weights[name]), self.setting))

    def slots(self) -> dict[str, Array]:
        slots = {}
        for name, value in self.optimizer.slots().items():
            parameter = TensorKey.parse(name).of
            slots[name] = to_canonical(parameter, value, self.shapes[parameter])
        return slots

    def forward(self, x: Array) -> Array:
        return array(self._forward(floats(x, self.setting)))

    def gradients_at_scale(self, x: Array, y: Array, noise: Parameters) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(
            floats(x, self.setting), self._targets(y), *self._noise_tensors(noise)
        )
        named_gradients = zip(self.trainable, gradients, strict=True)
        return float(array(value)), {
            name: to_canonical(name, array(gradient), self.shapes[name]) for name, gradient in named_gradients
        }

    def layers(self, x: Array, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        values = self._layers(floats(x, self.setting), *self._noise_tensors(noise))
        return {name: array(value) for name, value in zip(self.layer_names, values, strict=True)}

    def bind(self, x: Array, y: Array) -> None:
        self.x, self.y = floats(x, self.setting), self._targets(y)

    def device_batch(self, batch: IntArray, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        x, y = self._gathered(self.x, self.y, integers(batch))
        by_name = zip([spec.name for spec in self.noise], self._noise_tensors(noise), strict=True)
        return {"x": array(x), "y": array(y), **keyed("noise", {name: array(tensor) for name, tensor in by_name})}

    def compile(self, steps: int, batch_size: int) -> None:
        order = np.zeros((steps, batch_size), np.int32)
        noise = [floats(np.zeros((steps, batch_size, *spec.shape)), self.setting) for spec in self.noise]
        self._epoch(self.x, self.y, order, 0, noise)
        if self.watched.weight_width:
            self._read_weight_numbers()

    def dispatch(self, order: IntArray, noise: Parameters = NO_NOISE, steps: int | None = None) -> Any:
        count = len(order) if steps is None else steps
        return count, self._epoch(self.x, self.y, order, count, self._noise_tensors(noise))

    def fetch(self, dispatched: Any) -> EpochResult:
        count, (losses, rows) = dispatched
        if not self.watched.width:
            return EpochResult(array(losses)[:count])
        return EpochResult(array(losses)[:count], self.watched.table(self._rows_after_updates(array(rows)[:count])))

    def score(self, x: Array, y: Array) -> tuple[float, int]:
        value, misses = self._score(floats(x, self.setting), self._targets(y))
        return float(array(value)), int(array(misses))

    def _targets(self, y: Array) -> Any:
        return integers(y) if self.labels else floats(y, self.setting)

    def _noise_tensors(self, noise: Parameters) -> list[Any]:
        return [floats(noise[spec.name], self.setting) for spec in self.noise]

    def _rows_after_updates(self, rows: Array) -> Array:
        """The rows with the weight numbers after each step, which are those before the next one."""
        width = self.watched.weight_width
        if not width:
            return rows
        return np.concatenate(
            [np.concatenate([rows[1:, :width], self._read_weight_numbers()]), rows[:, width:]], axis=1
        )

    def _read_weight_numbers(self) -> Array:
        return array(self._current_weight_numbers())[None]


class _CurrentWeightNumbers(nn.Cell):
    """`weight_numbers` as a separate Cell.

    Once a method of a Cell other than `construct` was compiled, MindSpore runs that method wherever the Cell is called.
    """

    def __init__(self, watched: WatchedColumns) -> None:
        super().__init__()
        self.watched = watched

    def construct(self) -> Any:
        return ops.concat(self.watched.weight_numbers())
