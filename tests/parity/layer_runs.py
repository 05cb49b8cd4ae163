"""A few steps of training of one small model, for every arm given, in the one process that holds its framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np

import adapters
from harness.records.step_columns import WATCHED
from harness.spec.arm import Arm
from harness.spec.recipe import Recipe

Arrays = dict[str, Any]
SHORT = 3


@dataclass(frozen=True)
class Run:
    """The weights before the first step and after the last, the losses, and what the model says in evaluation.

    `watched`: what each step tells besides its loss. `layers`: what every layer gives in training, on the samples of
    the first step at the first weights. `again`: the losses, digests and weights of a second run, started anew.
    `shorter`: what the first step tells on fewer samples, once all that came before is compiled.
    """

    before: Arrays
    after: Arrays
    losses: Any
    outputs: Any
    watched: Any
    layers: Arrays
    again: tuple[Any, Any, Arrays]
    shorter: Any


def drawn(recipe: Recipe, samples: int, batch: int, steps: int) -> tuple[Recipe, Arrays, Any, Any, Any, Arrays]:
    """What `trained` takes: weights, all of them float32 numbers, so that they come back as they went in; samples of
    three classes, their order, and the masks of the noise."""
    rng = np.random.default_rng(11)
    model = recipe.model
    weights = {p.name: rng.normal(0, 0.5, p.shape) for p in model.parameters()}
    weights = {name: np.abs(w) + 0.5 if name.endswith("variance") else w for name, w in weights.items()}
    weights = {name: value.astype(np.float32).astype(np.float64) for name, value in weights.items()}
    x = rng.normal(size=(samples, *model.input.shape)).astype(np.float32).astype(np.float64)
    y = rng.integers(0, 3, samples).astype(np.int32)
    order = np.stack([rng.permutation(samples)[:batch] for _ in range(steps)]).astype(np.int32)
    masks = {n.name: (rng.random((steps, batch, *n.shape)) < 0.6).astype(np.uint8) for n in model.noise()}
    return recipe, weights, x, y, order, masks


def trained(
    arms: Sequence[Arm], recipe: Recipe, weights: Arrays, x: Any, y: Any, order: Any, noise: Arrays
) -> dict[str, Run]:
    found = {}
    for arm in arms:
        trainer = adapters.load(arm).trainer(recipe, weights, len(order), WATCHED)
        before = trainer.weights()
        first = {name: value[0] for name, value in noise.items()}
        layers = trainer.layers(x[order[0]].astype(arm.precision), first)
        trainer.restart(weights)  # for the layers' statistics have moved
        trainer.bind(x.astype(arm.precision), y)
        trainer.compile(len(order), order.shape[1])
        one = trainer.train_epoch(order, noise)
        after, outputs = trainer.weights(), trainer.forward(x.astype(arm.precision))
        trainer.restart(weights)
        two = trainer.train_epoch(order, noise)
        again = two.losses, two.watched, trainer.weights()
        trainer.restart(weights)
        few = {name: value[:1, :SHORT] for name, value in noise.items()}
        shorter = trainer.train_epoch(order[:1, :SHORT], few).watched
        found[arm.name] = Run(before, after, one.losses, outputs, one.watched, layers, again, shorter)
    return found


def trained_with_large_tensors(*given: Any) -> dict[str, Run]:
    """MindSpore's digests go another way for tensors of many elements: here for all."""
    with patch("adapters.mindspore.digests.LARGE", 1):
        return trained(*given)
