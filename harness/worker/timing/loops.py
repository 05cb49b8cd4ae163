"""What a process times: the arm's own trainer, or a loop that users of its framework type, behind one interface."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np

import adapters
from adapters.base import EVALUATION_BATCH, FrameworkAdapter
from adapters.protocol import Evaluation, Parameters, Trainer
from adapters.user_loops import UserLoop
from harness.records.array_types import Array, FloatArray, IntArray
from harness.worker.norms import watch_of
from harness.worker.session import Session, whole_and_short
from harness.worker.timing.batches import Block, padded

Samples = tuple[Array, Array]


class Loop(Protocol):
    """A training that can be timed. `stage` is not timed, `dispatch` and `fetch` are."""

    def bind(self, x: Array, y: Array) -> None:
        """Takes the training set."""

    def compile(self, test_set: Samples) -> None:
        """Compiles what will be timed, as far as that is possible without an update."""

    def stage(self, block: Block) -> Any:
        """What `dispatch` takes for a block."""

    def dispatch(self, staged: Any) -> Any:
        """Gives the block to the framework; returns what `fetch` takes."""

    def fetch(self, dispatched: Any) -> FloatArray:
        """Waits for the end of the block; returns the losses that are then in the host's memory."""

    def losses(self, block: Block) -> FloatArray:
        """An update for each batch of a block, and the loss of each before its update."""

    def restart(self) -> None:
        """Begins again from the weights of the plan."""

    def evaluate(self, test_set: Samples) -> Evaluation | None:
        """The scores on the test set; None where that is not timed."""


class OwnLoop:
    """The trainer of the arm. Blocks are compiled for `block_steps` steps, and shorter ones are padded."""

    def __init__(self, session: Session, block_steps: int, horizon: int) -> None:
        experiment, self.plan = session.experiment, session.plan
        self.block_steps = block_steps
        self.trainer: Trainer = session.adapter.trainer(
            experiment.recipe, self.plan.weights, horizon, watch_of(experiment)
        )

    def bind(self, x: Array, y: Array) -> None:
        self.trainer.bind(x, y)

    def compile(self, test_set: Samples) -> None:
        epoch_shapes = [part.shape for part in whole_and_short(self.plan.orders[0], self.plan.batch_size)]
        for steps, batch_size in dict.fromkeys([(self.block_steps, self.plan.batch_size), *epoch_shapes]):
            self.trainer.compile(steps, batch_size)
        x, y = test_set
        for size in {min(len(x), EVALUATION_BATCH), len(x) % EVALUATION_BATCH} - {0}:
            self.trainer.evaluate(x[:size], y[:size])

    def stage(self, block: Block) -> tuple[IntArray, Parameters, int]:
        steps = len(block[0])
        return *padded(block, max(steps, self.block_steps)), steps

    def dispatch(self, staged: tuple[IntArray, Parameters, int]) -> Any:
        return self.trainer.dispatch(*staged)

    def fetch(self, dispatched: Any) -> FloatArray:
        return self.trainer.fetch(dispatched).losses

    def losses(self, block: Block) -> FloatArray:
        return self.fetch(self.dispatch(self.stage(block)))

    def restart(self) -> None:
        self.trainer.restart(self.plan.weights)

    def evaluate(self, test_set: Samples) -> Evaluation:
        return self.trainer.evaluate(*test_set)


class TypedLoop:
    """A loop that users type. Its data are put into the order of the plan before it is timed; it fetches no losses."""

    def __init__(self, session: Session, name: str, block_steps: int, horizon: int) -> None:
        about = adapters.info(session.adapter.arm.adapter).user_loops
        assert about is not None
        assert isinstance(session.adapter, FrameworkAdapter)
        recipe, weights, setting = session.experiment.recipe, session.plan.weights, session.adapter.setting
        self.loop: UserLoop = import_module(about.module).user_loop(
            name, recipe, weights, horizon, block_steps, setting
        )

    def bind(self, x: Array, y: Array) -> None:
        self.loop.bind(x, y)

    def compile(self, test_set: Samples) -> None:
        """Its first update compiles it, and is timed as the first step."""

    def stage(self, block: Block) -> Any:
        return self.loop.stage(block[0])

    def dispatch(self, staged: Any) -> None:
        self.loop.train(staged)

    def fetch(self, dispatched: None) -> FloatArray:
        return np.empty(0)

    def losses(self, block: Block) -> FloatArray:
        return self.loop.losses(block[0])

    def restart(self) -> None:
        """It is not trained to an accuracy, since it is not evaluated."""

    def evaluate(self, test_set: Samples) -> None:
        return None


def loop_of(session: Session, name: str, block_steps: int, horizon: int) -> Loop:
    """The loop of a row: the arm's own where `name` is empty."""
    return TypedLoop(session, name, block_steps, horizon) if name else OwnLoop(session, block_steps, horizon)
