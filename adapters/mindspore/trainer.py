"""Training in MindSpore: one model with its loss and its update."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from mindspore import nn, ops

from adapters.base import FrameworkTrainer
from adapters.mindspore.clipping import clipping
from adapters.mindspore.digests import Watching
from adapters.mindspore.epochs import CompiledEpoch, EagerEpoch, Step, Update
from adapters.mindspore.layers import to_canonical, to_native
from adapters.mindspore.losses import loss
from adapters.mindspore.metrics import metric
from adapters.mindspore.model import model
from adapters.mindspore.optimizers import optimizer
from adapters.mindspore.regularizers import penalty
from adapters.mindspore.runtime import array, compiled, compiles, floats, integers
from adapters.protocol import NO_NOISE, Array, EpochResult, IntArray, Parameters
from adapters.setting import Setting
from harness.records.step_columns import Watched
from harness.spec.metrics import ZeroOne
from harness.spec.recipe import Recipe


class MindSporeTrainer(FrameworkTrainer):
    def __init__(
        self, recipe: Recipe, weights: Parameters, horizon: int, setting: Setting, watch: tuple[Watched, ...]
    ) -> None:
        super().__init__(recipe)
        self.setting = setting
        self.network, outputs, self.parameters = model(recipe.model, weights, setting)
        self.trainable = {p.name: self.parameters[p.name] for p in recipe.model.parameters() if p.trainable}
        step = Step(
            self.network,
            outputs,
            loss(recipe.loss, prod(recipe.model.output_shape), recipe.targets, setting),
            metric(ZeroOne(), setting),
            penalty(recipe.regularizer, setting),
            list(self.trainable.values()),
            [self.parameters[p.name] for p in recipe.model.parameters() if p.is_kernel],
        )
        self.watching = Watching(recipe.model, watch, self.parameters, setting)
        self.optimizer = optimizer(recipe.update, self.trainable, horizon, setting)
        update = Update(step, clipping(recipe.update.clipping, setting), self.optimizer.move, self.watching)
        self._epoch = (CompiledEpoch if compiles(setting) else EagerEpoch)(update, setting)
        self._value_and_gradients = compiled(step.value_and_gradients, setting)
        self._layers = compiled(step.layers, setting)
        self._forward = compiled(step.forward, setting)
        self._score = compiled(step.score if self.labels else step.score_values, setting)
        self._weights_now = compiled(_WeightsNow(self.watching).construct, setting)

    def weights(self) -> dict[str, Array]:
        return {
            name: to_canonical(name, array(parameter), self.shapes[name]) for name, parameter in self.parameters.items()
        }

    def set_weights(self, weights: Parameters) -> None:
        # Not Parameter.set_data: once an optimizer has run eagerly it would silently detach the parameter.
        for name, parameter in self.parameters.items():
            ops.assign(parameter, floats(to_native(name, weights[name]), self.setting))

    def slots(self) -> dict[str, Array]:
        slots = {}
        for name, value in self.optimizer.slots().items():
            parameter = name.partition("/")[2]
            slots[name] = to_canonical(parameter, value, self.shapes[parameter])
        return slots

    def forward(self, x: Array) -> Array:
        return array(self._forward(floats(x, self.setting)))

    def loss_and_gradients(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(floats(x, self.setting), self._targets(y), *self._drawn(noise))
        named = zip(self.trainable, gradients, strict=True)
        return float(array(value)), {name: to_canonical(name, array(g), self.shapes[name]) for name, g in named}

    def layers(self, x: Array, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        values = self._layers(floats(x, self.setting), *self._drawn(noise))
        return {name: array(value) for name, value in zip(self.layer_names, values, strict=True)}

    def bind(self, x: Array, y: Array) -> None:
        self.x, self.y = floats(x, self.setting), self._targets(y)

    def compile(self, steps: int, batch_size: int) -> None:
        order = np.zeros((steps, batch_size), np.int32)
        noise = [floats(np.zeros((steps, batch_size, *word.shape)), self.setting) for word in self.noise]
        self._epoch(self.x, self.y, order, 0, noise)
        if self.watching.width_of_weights:
            self._read_weights()

    def train_epoch(self, order: IntArray, noise: Parameters = NO_NOISE) -> EpochResult:
        losses, rows = self._epoch(self.x, self.y, order, len(order), self._drawn(noise))
        if not self.watching.width:
            return EpochResult(array(losses))
        return EpochResult(array(losses), self.watching.table(self._after_each(array(rows))))

    def score(self, x: Array, y: Array) -> tuple[float, int]:
        value, missed = self._score(floats(x, self.setting), self._targets(y))
        return float(array(value)), int(array(missed))

    def _targets(self, y: Array) -> Any:
        return integers(y) if self.labels else floats(y, self.setting)

    def _drawn(self, noise: Parameters) -> list[Any]:
        return [floats(noise[word.name], self.setting) for word in self.noise]

    def _after_each(self, rows: Array) -> Array:
        """The rows with the weights after each step, which are those before the next, instead of those before it."""
        width = self.watching.width_of_weights
        if not width:
            return rows
        return np.concatenate([np.concatenate([rows[1:, :width], self._read_weights()]), rows[:, width:]], axis=1)

    def _read_weights(self) -> Array:
        return array(self._weights_now())[None]


class _WeightsNow(nn.Cell):
    """A Cell of its own: a Cell of which another method was compiled too is compiled as that method from then on,
    wherever it is called."""

    def __init__(self, watching: Watching) -> None:
        super().__init__()
        self.watching = watching

    def construct(self) -> Any:
        return ops.concat(self.watching.of_weights())
