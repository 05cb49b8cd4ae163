"""A model with frozen layers, trained in groups of parameters in every mode: it moves as the reference does, or stays.

The clipping is by the norm of all gradients, so that a frozen layer among them would change every weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import layer_runs
import numpy as np
import pytest
from every_mode import ARMS
from selected import selected

from harness.judging.tolerances import STRICT, pooled_error
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.recipe import Recipe

DRAWN = {"kind": "normal", "stddev": 0.5}
CONVOLVED = {"kind": "conv2d", "kernel_size": [3, 3], "padding": "same", "kernel_initializer": DRAWN}
DENSE = {"kind": "dense", "kernel_initializer": DRAWN, "bias_initializer": DRAWN}
MODEL = Model.model_validate(
    {
        "input": {"shape": [4, 3, 2]},
        "layers": [
            {**CONVOLVED, "filters": 4, "name": "first"},
            {**CONVOLVED, "filters": 4, "trainable": False, "activation": "prelu"},
            {"kind": "batch_norm", "momentum": 0.9, "trainable": False},
            {"kind": "batch_norm", "momentum": 0.8, "trainable": False, "frozen_statistics": "batch"},
            {
                "kind": "residual",
                "trainable": False,
                "layers": [{**CONVOLVED, "filters": 4}, {"kind": "batch_norm", "momentum": 0.7}],
            },
            {"kind": "batch_norm", "momentum": 0.6},
            "flatten",
            {**DENSE, "units": 5},
            {**DENSE, "units": 3, "name": "last"},
        ],
    }
)
GROUPS = [
    {"parameters": ["bias", "norm"], "weight_decay": 0},
    {"parameters": "first", "rate_factor": 0.25, "weight_decay": 0.5},
    {"parameters": "dense_1/*", "rate_factor": 3},
]
LARGE = {"epsilon": 0.01}  # so that no gradient is so small that Adam makes a step of its rounding error
# The decay of an optimizer of its own, and one that is composed before a native class or a composed one.
UPDATES: dict[str, dict[str, Any]] = {
    "adamw": {"optimizer": {"kind": "adamw", "factor": 0.1, "decayed": "all", **LARGE}},
    "adam": {
        "optimizer": {"kind": "adam", **LARGE},
        "weight_decay": {"kind": "decoupled", "factor": 0.1, "decayed": "all"},
    },
    "momentum": {
        "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
        "weight_decay": {"kind": "coupled", "factor": 0.1, "decayed": "all"},
    },
}
STEPS, BATCH, SAMPLES = 3, 5, 12
BY_DAY = {"adamw": ("jit", "graph", "graph64"), "adam": ("jit", "eager"), "momentum": ("pynative",)}
EVERY = [
    pytest.param(
        update, arm, marks=[] if arm.name in BY_DAY[update] else pytest.mark.nightly, id=f"{update}-{arm.name}"
    )
    for update in UPDATES
    for arms in ARMS.values()
    for arm in arms
]
Runs = dict[tuple[str, str], layer_runs.Run]


def recipe(update: str) -> Recipe:
    words = {
        **UPDATES[update],
        "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 4},
    }
    words |= {
        "optimizer": {**words["optimizer"], "groups": GROUPS},
        "clipping": {"kind": "by_global_norm", "bound": 0.5},
    }
    penalty = {"kind": "l2", "l2": 0.01}
    return Recipe.model_validate(
        {"model": MODEL, "loss": "softmax_cross_entropy", "update": words, "regularizer": penalty}
    )


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]) -> Runs:
    chosen = list(zip(selected(request, "update"), selected(request, "arm"), strict=True))
    reference = [
        Arm(name=precision, adapter="reference", mode="numpy", precision=precision)
        for precision in ("float64", "float32")
    ]
    found: Runs = {}
    for update in dict.fromkeys(update for update, _ in chosen):
        given = layer_runs.drawn(recipe(update), SAMPLES, BATCH, STEPS)
        arms = list(dict.fromkeys(arm.name for each, arm in chosen if each == update))
        asked = {framework: [arm for arm in of_one if arm.name in arms] for framework, of_one in ARMS.items()}
        made = {
            **layer_runs.trained(reference, *given),
            **(in_mindspore(layer_runs.trained, asked["mindspore"], *given) if asked["mindspore"] else {}),
            **(in_tensorflow(layer_runs.trained, asked["tensorflow"], *given) if asked["tensorflow"] else {}),
        }
        found |= {(update, name): run for name, run in made.items()}
    return found


FROZEN = [p.name for p in MODEL.parameters() if p.frozen]
STAYING = [
    *FROZEN,
    *(f"{name}/moving_{what}" for name in ("batch_norm_1", "residual_1/batch_norm_1") for what in ("mean", "variance")),
]


@pytest.mark.parametrize(("update", "arm"), EVERY)
def test_what_is_frozen_stays_to_the_last_bit(runs: Runs, update: str, arm: Arm) -> None:
    run = runs[update, arm.name]
    assert len(FROZEN) == 3 + 2 + 2 + 2 + 2
    moved = [name for name, value in run.after.items() if value.tobytes() != run.before[name].tobytes()]
    assert moved == [p.name for p in MODEL.parameters() if p.name not in STAYING]


@pytest.mark.parametrize(("update", "arm"), EVERY)
def test_all_move_as_the_reference_does(runs: Runs, update: str, arm: Arm) -> None:
    found, reference, narrow = (flat(runs[update, name]) for name in (arm.name, "float64", "float32"))
    assert list(found) == list(reference)
    tolerances = pooled_error(reference, narrow, np.dtype(arm.precision).type)
    for name, value in reference.items():
        bound = STRICT * np.abs(value).max() if arm.precision == "float64" else tolerances[name].bound
        assert np.all(np.abs(found[name] - value) <= bound), name


@pytest.mark.parametrize(("update", "arm"), EVERY)
def test_a_trainer_starts_anew(runs: Runs, update: str, arm: Arm) -> None:
    run = runs[update, arm.name]
    losses, watched, weights = run.again
    assert losses.tobytes() == run.losses.tobytes()
    assert watched.tobytes() == run.watched.tobytes()
    assert all(weights[name].tobytes() == value.tobytes() for name, value in run.after.items())


def flat(run: layer_runs.Run) -> dict[str, Any]:
    return {**run.after, "losses": run.losses, "outputs": run.outputs}
