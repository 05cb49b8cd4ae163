"""`mindspore.train.Model.train` on the model, the loss and the optimizer of a recipe."""

from __future__ import annotations

from math import prod
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import ParameterTuple, nn, ops
from mindspore.dataset import NumpySlicesDataset
from mindspore.train import Callback, Model

from adapters.making import maker
from adapters.mindspore.losses import loss
from adapters.mindspore.model import model
from adapters.mindspore.realisations.optimizers import OPTIMIZERS
from adapters.mindspore.runtime import compiles
from adapters.mindspore.schedules import learning_rate
from adapters.protocol import Array, FloatArray, IntArray, Parameters
from adapters.setting import Setting
from adapters.user_loops import require_typical
from harness.spec.recipe import Recipe

MODEL_TRAIN = "Model.train"


def user_loop(
    name: str, recipe: Recipe, weights: Parameters, horizon: int, block_steps: int, setting: Setting
) -> MindSporeLoop:
    """The loop of this name. `block_steps`: the most steps of one call of `train`."""
    require_typical(recipe, OPTIMIZERS, setting)
    return MindSporeLoop(name, recipe, weights, horizon, block_steps, setting)


class MindSporeLoop:
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
        criterion = loss(recipe.loss, prod(recipe.model.output_shape), recipe.targets, setting)
        if isinstance(optimizer, nn.Optimizer):
            self.model = Model(_Network(network), criterion, optimizer)
        else:
            self.model = Model(_OneStep(_Network(network), criterion, optimizer, trainable))

    def bind(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y.astype(np.int32 if self.labels else self.setting.precision)

    def stage(self, order: IntArray) -> Any:
        x, y = self.x[order.ravel()], self.y[order.ravel()]
        return NumpySlicesDataset({"x": x, "y": y}, shuffle=False).batch(order.shape[1])

    def train(self, staged: Any) -> None:
        self._train(staged, [])

    def losses(self, order: IntArray) -> FloatArray:
        collector = _Losses()
        self._train(self.stage(order), [collector])
        return np.array(collector.losses, np.float64)

    def _train(self, data: Any, callbacks: list[Any]) -> None:
        # What users type runs in graph mode, which is the mode of the whole process, so that it is set for the call.
        if compiles(self.setting):
            ms.set_context(mode=ms.GRAPH_MODE)
        try:
            self.model.train(1, data, callbacks, dataset_sink_mode=False)
        finally:
            ms.set_context(mode=ms.PYNATIVE_MODE)


class _Network(nn.Cell):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def construct(self, x: Any) -> Any:
        return self.network(x, True, ())


class _OneStep(nn.Cell):
    """An update as users write it around a composed optimizer, which is no `nn.Optimizer`, as `Model` wants one."""

    def __init__(self, network: Any, criterion: Any, optimizer: Any, trainable: list[Any]) -> None:
        super().__init__()
        self.optimizer = optimizer
        self.value_and_gradients = ops.value_and_grad(
            nn.WithLossCell(network, criterion), None, ParameterTuple(trainable)
        )

    def construct(self, x: Any, y: Any) -> Any:
        value, gradients = self.value_and_gradients(x, y)
        return ops.depend(value, self.optimizer(gradients))


class _Losses(Callback):
    """Keeps the loss of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def step_end(self, run_context: Any) -> None:
        self.losses.append(float(run_context.original_args().net_outputs.asnumpy()))
