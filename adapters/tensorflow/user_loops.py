"""`keras.Model.fit` on the model, the loss and the optimizer of a recipe."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np

from adapters.making import maker
from adapters.protocol import Array, FloatArray, IntArray, Parameters
from adapters.setting import Setting
from adapters.tensorflow.losses import loss
from adapters.tensorflow.model import model
from adapters.tensorflow.realisations.optimizers import OPTIMIZERS
from adapters.tensorflow.schedules import learning_rate
from adapters.user_loops import require_typical
from harness.spec.recipe import Recipe

FIT, STEPS_PER_EXECUTION = "fit", "fit_steps_per_execution"


def user_loop(
    name: str, recipe: Recipe, weights: Parameters, horizon: int, block_steps: int, setting: Setting
) -> TensorFlowLoop:
    """The loop of this name. `block_steps`: the most steps of one call of `train`."""
    require_typical(recipe, OPTIMIZERS, setting)
    return TensorFlowLoop(name, recipe, weights, horizon, block_steps, setting)


class TensorFlowLoop:
    """The methods are those of `user_loops.UserLoop`."""

    def __init__(
        self, name: str, recipe: Recipe, weights: Parameters, horizon: int, block_steps: int, setting: Setting
    ) -> None:
        self.setting, self.labels = setting, recipe.targets == "labels"
        network, _, parameters = model(recipe.model, weights, setting)
        trainable = [parameters[p.name] for p in recipe.model.parameters() if p.trainable]
        optimizer = maker(OPTIMIZERS, recipe.update.optimizer, setting)(
            recipe.update.optimizer, trainable, learning_rate(recipe.update, horizon, setting)
        )
        state = [parameters[p.name] for p in recipe.model.parameters() if not p.trainable]
        self.model = _Network(network, trainable, state)
        self.model.compile(
            optimizer,
            _Loss(loss(recipe.loss, prod(recipe.model.output_shape), recipe.targets, setting)),
            run_eagerly=setting.compiler == "eager",
            jit_compile=setting.compiler == "xla",
            steps_per_execution=block_steps if name == STEPS_PER_EXECUTION else 1,
        )

    def bind(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y.astype(np.int32 if self.labels else self.setting.precision)

    def stage(self, order: IntArray) -> Any:
        return self.x[order.ravel()], self.y[order.ravel()], order.shape[1]

    def train(self, staged: Any) -> None:
        x, y, batch_size = staged
        self.model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0)

    def losses(self, order: IntArray) -> FloatArray:
        # The history has the mean over an epoch, so that each batch is an epoch of its own.
        histories = [
            self.model.fit(self.x[batch], self.y[batch], batch_size=len(batch), shuffle=False, verbose=0)
            for batch in order
        ]
        return np.array([history.history["loss"][0] for history in histories], np.float64)


class _Network(keras.Model):
    def __init__(self, network: Any, trainable: list[Any], state: list[Any]) -> None:
        super().__init__(name="network")  # a name may not begin with an underscore
        self.network, self.weights_of_model, self.state_of_model = network, trainable, state

    def call(self, x: Any, training: bool = False) -> Any:
        return self.network(x, training, ())


class _Loss:
    """The loss with the order of arguments that Keras has."""

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def __call__(self, y: Any, outputs: Any) -> Any:
        return self.loss(outputs, y)
