"""Eighteen small differences in an arm's own spec: each is given to the right arm, with its cause and what mends it.

Where the framework plays no part the reference is both arms. What is asked of each difference: the rung that shows it
first, and the free run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_specs import load
from residents import Resident, here

from harness.diagnosis.forms import shown_value
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.scenarios import ladder
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.worker.sharing import share

DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform"}
LAYERS = [
    "flatten",
    {**DENSE, "units": 12},
    "batch_norm",
    {"kind": "activation", "activation": {"kind": "leaky_relu", "slope": 0.2}},
    {"kind": "dropout", "rate": 0.25},
    {**DENSE, "units": 10},
]
STATED: dict[str, Any] = {
    "name": "own_spec",
    "data": "mnist5k",
    "model": {"input": {"shape": [28, 28, 1]}, "layers": LAYERS},
    "loss": {"kind": "softmax_cross_entropy", "label_smoothing": 0.1},
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
    "schedule": {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.9, "decay_steps": 5},
    "regularizer": {"kind": "l2", "l2": 0.001},
    "clipping": {"kind": "by_global_norm", "bound": 1.0},
    "training": {"epochs": 1, "batch_size": 32, "max_steps": 10},
    "comparison": {"forced_steps": 2, "free_steps": 10},
}
ADAM = {"optimizer": "adam", "schedule": {"kind": "constant", "rate": 0.001}}
DECAYED = {**ADAM, "regularizer": "none", "clipping": "none", "weight_decay": {"kind": "decoupled", "factor": 0.01}}
GROUPS = [{"parameters": "dense_1", "rate_factor": 0.5}, {"parameters": "dense_2/kernel", "weight_decay": 0.2}]
GROUPED = {**DECAYED, "optimizer": {"kind": "adam", "groups": GROUPS}}
FROZEN = {
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": [*LAYERS[:2], {"kind": "batch_norm", "trainable": False}, *LAYERS[3:]],
    }
}
FROZEN_KERNEL = {
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": [LAYERS[0], {**DENSE, "units": 12, "trainable": False}, *LAYERS[2:]],
    }
}
NAMED = ("the arm's own spec", "size of epsilon", "statistics of a frozen batch norm", "frozen layer")
FRAMEWORKS = {
    "mindspore": {"adapter": "mindspore", "mode": "pynative"},
    "tensorflow": {"adapter": "tensorflow", "mode": "eager"},
    "port": {"adapter": "reference", "mode": "numpy"},
}
# What is changed in the experiment, the path, its value in the spec and in the arm's own, the first rung, the arm.
DIFFERENCES: dict[str, tuple[Mapping[str, Any], str, Any, Any, str, str]] = {
    "momentum": ({}, "optimizer.momentum", 0.9, 0.89, "optimizer", "port"),
    "beta1": (ADAM, "optimizer.beta1", 0.9, 0.89, "optimizer", "port"),
    "beta2": (ADAM, "optimizer.beta2", 0.999, 0.998, "optimizer", "port"),
    "epsilon": (ADAM, "optimizer.epsilon", 1e-07, 2e-06, "optimizer", "port"),
    "weight decay": (DECAYED, "weight_decay.factor", 0.01, 0.011, "optimizer", "port"),
    "label smoothing": ({}, "loss.label_smoothing", 0.1, 0.11, "loss", "mindspore"),
    "decay factor": ({}, "schedule.decay_rate", 0.9, 0.91, "schedule", "tensorflow"),
    "clip bound": ({}, "clipping.bound", 1.0, 1.1, "clipping", "tensorflow"),
    "slope": ({}, "model.layers.3.activation.slope", 0.2, 0.21, "activation", "port"),
    "dropout rate": ({}, "model.layers.4.rate", 0.25, 0.26, "layer", "mindspore"),
    "batch normalisation's momentum": ({}, "model.layers.2.momentum", 0.99, 0.98, "layer", "tensorflow"),
    "batch normalisation's epsilon": ({}, "model.layers.2.epsilon", 1e-05, 2e-05, "layer", "port"),
    "regularizer": ({}, "regularizer.l2", 0.001, 0.0011, "loss", "port"),
    "rate of a group": (GROUPED, "optimizer.groups.0.rate_factor", 0.5, 0.45, "optimizer", "port"),
    "decay of a group": (GROUPED, "optimizer.groups.1.weight_decay", 0.2, 0.21, "optimizer", "tensorflow"),
    "frozen batch normalisation": (FROZEN, "model.layers.2.frozen_statistics", "moving", "batch", "layer", "mindspore"),
    "frozen layer": (FROZEN_KERNEL, "model.layers.1.trainable", False, True, "layer", "port"),
    "learning rate": (ADAM, "schedule.rate", 0.001, 0.0011, "schedule", "mindspore"),
}


class Asked(Resident):
    """An arm as the ladder asks it."""

    def close(self) -> None:
        """Its process lives on."""


BY_DAY = ("momentum", "label smoothing", "clip bound", "dropout rate", "batch normalisation's epsilon")


@pytest.mark.parametrize(
    "difference", [pytest.param(name, marks=[] if name in BY_DAY else pytest.mark.nightly) for name in DIFFERENCES]
)
def test_a_small_difference_is_the_arms_own_spec(
    request: pytest.FixtureRequest, tmp_path: Path, difference: str
) -> None:
    changed, path, stated, own, rung, name = DIFFERENCES[difference]
    value, own_value = shown_value(stated), shown_value(own)
    for asked in (rung, "trajectory"):
        folder = tmp_path / asked
        folder.mkdir()
        first = _first(request, folder, {**changed, "rungs": [asked]}, name, {path: own})
        assert (first.rung, first.culprit) == (asked, name)
        assert f"({name} computes {path}: {own_value}, the spec says {value}" in first.cause
        assert first.cause.startswith(tuple(f"{form} (" for form in NAMED))
        ways = [way.partition(" (rung run again with it: ")[0] for way in first.advice.split(", or ")]
        assert ways == [f"other with {path}: {own_value}", f"{name} with {path}: {value}"]


def _first(
    request: pytest.FixtureRequest, folder: Path, changed: Mapping[str, Any], name: str, own: Mapping[str, Any]
) -> Verdict:
    """The first divergence between the arm with these changes of its own, and the reference without."""
    arms = [
        Arm.model_validate({"name": name, **FRAMEWORKS[name], "spec": own}),
        Arm(name="other", adapter="reference", mode="numpy"),
    ]
    experiment = Experiment.model_validate({**STATED, **changed, "arms": arms})
    data = load(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, folder)
    share(folder, experiment, context.plan, data)
    homes = [here if arm.adapter == "reference" else request.getfixturevalue(f"in_{arm.adapter}") for arm in arms]
    workers: Any = [Asked(arm, home, folder, folder) for arm, home in zip(arms, homes, strict=True)]
    with np.errstate(all="ignore"):
        verdicts = ladder.climb(context, workers, lambda rung, verdicts: None, lambda name, failure: None)
    return next(verdict for verdict in verdicts if verdict.status == "diverges")
