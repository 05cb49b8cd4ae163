"""What runs in a framework's process: losses on given arrays, and the whole loss of a set evaluated in parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from through_adapter import Arrays

import adapters
from harness.spec.arm import Arm
from harness.spec.losses import Loss
from harness.spec.model import Model
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Constant


def values(arm: Arm, given: list[tuple[Loss, Any, Any]]) -> list[Any]:
    adapter = adapters.load(arm)
    return [np.asarray(adapter.loss(word, outputs, y)["value"]) for word, outputs, y in given]


def evaluated(arm: Arm, model: Model, words: list[Loss], weights: Arrays, x: Any, y: Any) -> list[float]:
    """The loss over all samples, which are more than one part of an evaluation."""
    update = Update(optimizer=Sgd(), schedule=Constant(rate=0.1))
    recipes = [Recipe(model=model, loss=word, update=update) for word in words]
    return [adapters.load(arm).trainer(recipe, weights, 1).evaluate(x, y).loss for recipe in recipes]
