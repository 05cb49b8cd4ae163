"""The task that measures a framework: a convolution and a matrix product, forward and backward."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from typing_extensions import TypedDict

from adapters.protocol import Adapter
from harness.plan import draw_weights
from harness.spec.initializers import XavierUniform
from harness.spec.layers import Conv2d, Dense, Flatten
from harness.spec.losses import MeanSquaredError
from harness.spec.model import Input, Model
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Constant
from harness.worker.session import Session
from harness.worker.task import Result, tasks

BATCH_OF_IMAGES, BATCH_OF_ROWS = 32, 128
FEWEST_CALLS, ENOUGH_S = 2, 0.05


class Calibrated(TypedDict):
    """The form of the result of `calibrate`."""

    convolution_s: float
    product_s: float


def calibrate(session: Session, scratch: str) -> Result:
    """The least seconds of a few forward and backward passes of each model. What compiles is compiled before."""
    return {name: _least_s(one_pass) for name, one_pass in _passes(session).items()}


@cache
def _passes(session: Session) -> dict[str, Callable[[], object]]:
    """A function for each figure that makes one pass, by the name of the figure."""
    return {
        "convolution_s": _pass_of(session.adapter, _convolution(), BATCH_OF_IMAGES),
        "product_s": _pass_of(session.adapter, _product(), BATCH_OF_ROWS),
    }


def _convolution() -> Model:
    """3 x 3, from 16 channels to 16, as in a small residual network, and the layer that ends the model.

    These are 19 million multiply-adds forwards for a batch.
    """
    convolution = Conv2d(filters=16, kernel_size=(3, 3), padding="same", kernel_initializer=XavierUniform())
    end = Dense(units=2, kernel_initializer=XavierUniform())
    return Model(input=Input(shape=(16, 16, 16)), layers=(convolution, Flatten(), end))


def _product() -> Model:
    """(128, 1024) x (1024, 1024): 134 million multiply-adds forwards for a batch."""
    return Model(input=Input(shape=(1024,)), layers=(Dense(units=1024, kernel_initializer=XavierUniform()),))


def _pass_of(adapter: Adapter, model: Model, batch_size: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((batch_size, *shape)) for shape in (model.input.shape, model.output_shape))
    update = Update(optimizer=Sgd(), schedule=Constant(rate=0.01))
    recipe = Recipe(model=model, loss=MeanSquaredError(), update=update, targets="values")
    trainer = adapter.trainer(recipe, draw_weights(model, seed=0), horizon=1)
    trainer.loss_and_gradients(x, y)
    return partial(trainer.loss_and_gradients, x, y)


def _least_s(one_pass: Callable[[], object]) -> float:
    """The least time of several calls, since other processes only ever add to it."""
    times_s: list[float] = []
    while len(times_s) < FEWEST_CALLS or sum(times_s) < ENOUGH_S:
        start = time.perf_counter()
        one_pass()
        times_s.append(time.perf_counter() - start)
    return min(times_s)


TASKS = tasks(__name__, {"calibrate": (calibrate, Calibrated)})
