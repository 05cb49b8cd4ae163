"""What an adapter does, for every arm given, in the one process that holds its framework."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

import adapters
from harness.spec.arm import Arm
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.model import Model
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Constant

Arrays = dict[str, Any]
UPDATE = Update(optimizer=Sgd(), schedule=Constant(rate=0.1))
Replays = dict[tuple[str, int], Any]


def replays(arms: Sequence[Arm], updates: Sequence[Update], parameters: Arrays, gradients: Sequence[Arrays]) -> Replays:
    """By the arm's name and the number of the update: all weights, one row for each gradient. Call by call."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        for number, update in enumerate(updates):
            after = islice(adapter.optimizer(update, parameters, gradients), len(gradients))
            found[arm.name, number] = np.array([_flat(each) for each in after])
    return found


def replays_in_a_loop(
    arms: Sequence[Arm],
    updates: Sequence[Update],
    parameters: Arrays,
    gradients: Arrays,
    milestones: Sequence[int],
    together: int = 8,
) -> Replays:
    """The same after each of the milestones only, for stacked gradients, and several updates in one loop."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        for first in range(0, len(updates), together):
            group = updates[first : first + together]
            rows = list(adapter.replays(group, parameters, gradients, milestones))
            for number in range(len(group)):
                found[arm.name, first + number] = np.array([_flat(row[number]) for row in rows])
    return found


def structures(arms: Sequence[Arm], model: Model, weights: Arrays) -> dict[str, tuple[Any, Arrays]]:
    """By the arm's name: the realised model's structure, and the weights read back from it."""
    found = {}
    for arm in arms:
        trainer = _trainer(arm, model, weights)
        found[arm.name] = trainer.structure(), trainer.weights()
    return found


def outputs(arms: Sequence[Arm], model: Model, weights: Arrays, x: Any) -> dict[str, Any]:
    """By the arm's name: what the realised model makes of `x`."""
    return {arm.name: _trainer(arm, model, weights).forward(x.astype(arm.precision)) for arm in arms}


def _trainer(arm: Arm, model: Model, weights: Arrays) -> Any:
    recipe = Recipe(model=model, loss=SoftmaxCrossEntropy(), update=UPDATE)
    return adapters.load(arm).trainer(recipe, weights, 1)


def _flat(weights: Arrays) -> Any:
    return np.concatenate([value.ravel() for value in weights.values()])
