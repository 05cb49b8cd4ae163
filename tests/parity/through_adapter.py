"""What an adapter does, for every arm given, in the one process that holds its framework."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

import adapters
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.optimizers import Optimizer, Sgd
from harness.spec.schedules import Constant, Schedule

Arrays = dict[str, Any]


def replays(
    arms: Sequence[Arm],
    words: Sequence[Optimizer],
    schedule: Schedule,
    parameters: Arrays,
    gradients: Sequence[Arrays],
    updates: int | None = None,
) -> dict[tuple[str, int], Any]:
    """By the arm's name and the number of the optimizer: all weights, one row per update; the first `updates` only."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        for number, word in enumerate(words):
            after = islice(adapter.optimizer(word, schedule, parameters, gradients), updates)
            found[arm.name, number] = np.array([np.concatenate([v.ravel() for v in each.values()]) for each in after])
    return found


def structures(arms: Sequence[Arm], model: Model, weights: Arrays) -> dict[str, tuple[Any, Arrays]]:
    """By the arm's name: the realised model's structure, and the weights read back from it."""
    found = {}
    for arm in arms:
        trainer = adapters.load(arm).trainer(model, SoftmaxCrossEntropy(), Sgd(), Constant(rate=0.1), weights, 1)
        found[arm.name] = trainer.structure(), trainer.weights()
    return found


def outputs(arms: Sequence[Arm], model: Model, weights: Arrays, x: Any) -> dict[str, Any]:
    """By the arm's name: what the realised model makes of `x`."""
    found = {}
    for arm in arms:
        trainer = adapters.load(arm).trainer(model, SoftmaxCrossEntropy(), Sgd(), Constant(rate=0.1), weights, 1)
        found[arm.name] = trainer.forward(x.astype(arm.precision))
    return found
