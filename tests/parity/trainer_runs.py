"""Trainers and optimizers of one framework, for every arm given, in the one process that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import adapters
from harness.spec.arm import Arm
from harness.spec.recipe import Recipe, Update

Arrays = dict[str, Any]
Told = tuple[Arrays, Arrays, Any]


def slots(arms: Sequence[Arm], updates: Sequence[Update], parameters: Arrays, gradients: Any) -> dict[Any, Arrays]:
    """By the arm's name and the number of the update."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        for number, update in enumerate(updates):
            found[arm.name, number] = adapter.slots_after(update, parameters, gradients)
    return found


def first_slots(arm: Arm, recipes: Sequence[Recipe], weights: Arrays) -> list[Arrays]:
    """For each recipe the slots before the first step."""
    adapter = adapters.load(arm)
    return [adapter.trainer(recipe, weights, 1).slots() for recipe in recipes]


def twice(
    arm: Arm, recipes: Sequence[Recipe], weights: Arrays, x: Any, y: Any, order: Any
) -> list[tuple[Told, Told, Told]]:
    """For each recipe the weights, slots and losses of a run, of its continuation, and of a run started anew."""
    adapter, found = adapters.load(arm), []
    for recipe in recipes:
        trainer = adapter.trainer(recipe, weights, 2 * len(order))
        trainer.bind(x.astype(arm.precision), y)

        def told(trainer: Any = trainer) -> Told:
            losses = trainer.train_epoch(order).losses
            return trainer.weights(), trainer.slots(), losses

        first, further = told(), told()
        trainer.restart(weights)
        found.append((first, further, told()))
    return found


def in_calls(
    arm: Arm, recipe: Recipe, weights: Arrays, x: Any, y: Any, order: Any, lengths: Sequence[int]
) -> list[Any]:
    """The losses of an epoch in calls of MindSpore's compiled loop of at most so many steps, for each of `lengths`."""
    from adapters.mindspore import epochs

    losses, usual = [], epochs.AT_ONCE
    try:
        for length in lengths:
            epochs.AT_ONCE = length
            trainer = adapters.load(arm).trainer(recipe, weights, len(order))
            trainer.bind(x.astype(arm.precision), y)
            losses.append(trainer.train_epoch(order).losses)
    finally:
        epochs.AT_ONCE = usual
    return losses
