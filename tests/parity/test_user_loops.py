"""`keras.Model.fit` and `mindspore.train.Model.train` make the updates of the recipe, also by a composed optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import user_loop_runs

import adapters
from harness.plan import draw_weights
from harness.spec.arm import Arm
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.model import Model
from harness.spec.optimizers import Adam, HeavyBall, Nesterov, Sgd
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import InverseTime

LOOPS = {
    "Model.train": Arm(name="mindspore", adapter="mindspore", mode="jit"),
    "fit": Arm(name="tensorflow", adapter="tensorflow", mode="graph"),
}
MODEL = Model.model_validate(
    {"input": {"shape": [4]}, "layers": [{"kind": "dense", "units": 3, "kernel_initializer": "xavier_uniform"}]}
)
# With a rate that changes, momentum with the rate inside the velocity is composed in MindSpore.
OPTIMIZERS = [
    Sgd(),
    Adam(beta1=0.9, beta2=0.999, epsilon=1e-7),
    *(word(momentum=0.9, form=form) for word in (HeavyBall, Nesterov) for form in ("rate_outside", "rate_inside")),
]
SCHEDULE = InverseTime(initial_rate=0.5, decay_rate=0.3, decay_steps=1, staircase=False)
RECIPES = [
    Recipe(model=MODEL, loss=SoftmaxCrossEntropy(), update=Update(optimizer=word, schedule=SCHEDULE))
    for word in OPTIMIZERS
]
# Keras has no momentum with the rate outside, so that its users can't type one.
TYPED = {
    "Model.train": RECIPES,
    "fit": [each for each in RECIPES if getattr(each.update.optimizer, "form", "") != "rate_outside"],
}
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)).astype(np.float32), RNG.integers(0, 3, 30).astype(np.int32)
ORDER = RNG.permutation(30).reshape(6, 5).astype(np.int32)
WEIGHTS = draw_weights(MODEL, 0)


def exact(recipe: Recipe) -> Any:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision="float64")
    trainer = adapters.load(arm).trainer(recipe, WEIGHTS, len(ORDER))
    trainer.bind(X.astype(np.float64), Y)
    return trainer.train_epoch(ORDER).losses


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_users_type_has_the_losses_of_the_recipe(request: pytest.FixtureRequest, name: str) -> None:
    arm = LOOPS[name]
    ask = request.getfixturevalue(f"in_{arm.adapter}")
    recipes = TYPED[name]
    wanted = [exact(recipe) for recipe in recipes]
    # Each optimizer trains otherwise, so that none can stand for another.
    assert min(np.max(np.abs(a - b)) for i, a in enumerate(wanted) for b in wanted[:i]) > 1e-3
    for found, losses in zip(ask(user_loop_runs.losses, arm, name, recipes, WEIGHTS, X, Y, ORDER), wanted, strict=True):
        np.testing.assert_allclose(found, losses, rtol=2e-5)
