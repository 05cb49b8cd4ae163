"""What the tests of several runs at once share: a small training and its batches, alone and side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

import adapters
from adapters.reference.ensemble import Ensemble, Step, disturbed
from harness.plan import draw_weights
from harness.records.step_columns import DIGESTS
from harness.spec.arm import Arm, Policy, Precision
from harness.spec.layers import Dense, Flatten, Layer
from harness.spec.losses import Loss, SoftmaxCrossEntropy
from harness.spec.model import Model
from harness.spec.optimizers import HeavyBall
from harness.spec.parameters import Mask
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Exponential

CLASSES, SAMPLES, UPDATES, DRAWS = 3, 7, 4, 3
SCHEDULE = Exponential(initial_rate=0.1, decay_rate=0.5, decay_steps=2)


def model_of(*layers: Layer, shape: tuple[int, ...]) -> Model:
    head = (Flatten(), Dense(units=CLASSES, kernel_initializer="he_normal"))
    return Model.model_validate({"input": {"shape": shape}, "layers": [*layers, *head]})


def recipe_of(model: Model, loss: Loss | None = None, **words: Any) -> Recipe:
    update = {"optimizer": HeavyBall(momentum=0.9, form="rate_outside"), "schedule": SCHEDULE} | {
        k: v for k, v in words.items() if k != "regularizer"
    }
    given = {name: value for name, value in words.items() if name == "regularizer"}
    return Recipe(model=model, loss=loss or SoftmaxCrossEntropy(), update=Update(**update), **given)


def batches(model: Model) -> list[tuple[Any, Any, dict[str, Any]]]:
    """Samples, labels and noise of each update; one batch is shorter."""
    rng = np.random.default_rng(5)
    found = []
    for count in [SAMPLES] * (UPDATES - 1) + [SAMPLES - 2]:
        noise = {
            each.name: (rng.random((count, *each.shape)) < 0.7).astype(np.uint8)
            if isinstance(each, Mask)
            else rng.uniform(0.1, 0.4, (count, *each.shape)).astype(np.float32)
            for each in model.noise()
        }
        labels = rng.integers(0, CLASSES, count).astype(np.int32)
        found.append((rng.normal(size=(count, *model.input.shape)).astype(np.float32), labels, noise))
    return found


def adapter_of(precision: Precision = "float32", policy: Policy = "native") -> Any:
    return adapters.load(
        Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
    )


def starts(model: Model, count: int = DRAWS) -> list[dict[str, Any]]:
    return [disturbed(draw_weights(model, 0), draw) for draw in range(count)]


def side_by_side(recipe: Recipe, adapter: Any, reach: float = 0.0) -> tuple[list[Step], Ensemble]:
    ensemble = Ensemble(adapter, recipe, starts(recipe.model), UPDATES, DIGESTS, reach)
    return [ensemble.step(*batch) for batch in batches(recipe.model)], ensemble


def alone(recipe: Recipe, adapter: Any, draw: int) -> tuple[Any, Any, dict[str, Any]]:
    """Losses (updates,), digests (updates, columns), and the weights at the end of the same run by itself."""
    trainer = adapter.trainer(recipe, starts(recipe.model)[draw], UPDATES, DIGESTS)
    losses, digests = [], []
    for x, y, noise in batches(recipe.model):
        trainer.bind(x, y)
        result = trainer.train_epoch(np.arange(len(x))[None], {name: value[None] for name, value in noise.items()})
        losses.append(result.losses[0])
        digests.append(result.watched[0])
    return np.array(losses), np.array(digests), trainer.weights()
