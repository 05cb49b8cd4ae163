"""A few steps of training of one small model, for every arm given, in the one process that holds its framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import adapters
from harness.spec.arm import Arm
from harness.spec.recipe import Recipe

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """The weights before the first step and after the last, the losses, and what the model says in evaluation."""

    before: Arrays
    after: Arrays
    losses: Any
    outputs: Any


def trained(
    arms: Sequence[Arm], recipe: Recipe, weights: Arrays, x: Any, y: Any, order: Any, noise: Arrays
) -> dict[str, Run]:
    found = {}
    for arm in arms:
        trainer = adapters.load(arm).trainer(recipe, weights, len(order))
        before = trainer.weights()
        trainer.bind(x.astype(arm.precision), y)
        trainer.compile(len(order), order.shape[1])
        losses = trainer.train_epoch(order, noise).losses
        found[arm.name] = Run(before, trainer.weights(), losses, trainer.forward(x.astype(arm.precision)))
    return found
