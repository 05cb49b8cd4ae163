"""A number at any distance from the stated one is solved for, snapped to what a person would have typed, and proven."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess, climb, context_of

from harness.records.verdict import Verdict
from harness.worker.task import Task

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
FLAT: dict[str, Any] = {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]}
STATED: dict[str, Any] = {
    "model": FLAT,
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 3, "batch_size": 200},
    "rungs": ["schedule"],
}
DECAYING = {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.9, "decay_steps": 200}
STAIRS = {**DECAYING, "staircase": True}
COSINE = {"kind": "cosine", "initial_rate": 0.1, "decay_steps": 60}
PIECES = {"kind": "piecewise_constant", "boundaries": [20, 40], "values": [0.1, 0.01, 0.001], "boundary": "exclusive"}
WARMUP = {"kind": "warmup_then", "warmup_steps": 20, "start_rate": 0.0, "then": COSINE}

# What is stated, what the port has in place of it, the rung, and what is said of the number.
PLANTED: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "stairs, epochs": (
        {"schedule": STAIRS},
        {"schedule.decay_steps": 10},
        "schedule",
        "the spec says 200: epochs for steps: an epoch has 20)",
    ),
    "smooth, epochs": ({"schedule": DECAYING}, {"schedule.decay_steps": 10}, "schedule", "an epoch has 20)"),
    "stairs, far": ({"schedule": STAIRS}, {"schedule.decay_steps": 37}, "schedule", "length of a decay or warm-up ("),
    "smooth, rate": ({"schedule": DECAYING}, {"schedule.initial_rate": 0.3}, "schedule", "size of the rate ("),
    "cosine": ({"schedule": COSINE}, {"schedule.decay_steps": 1200}, "schedule", "steps for epochs: an epoch has 20)"),
    "warm-up": ({"schedule": WARMUP}, {"schedule.warmup_steps": 7}, "schedule", "length of a decay or warm-up ("),
    "below the warm-up": ({"schedule": WARMUP}, {"schedule.then.decay_steps": 41}, "schedule", "the spec says 60)"),
    "pieces": ({"schedule": PIECES}, {"schedule.boundaries": [13, 29]}, "schedule", "boundary ("),
    "heights": ({"schedule": PIECES}, {"schedule.values": [0.1, 0.02, 0.004]}, "schedule", "size of the rate ("),
    "applied": ({"schedule": STAIRS}, {"schedule.decay_steps": 10}, "applied-lr", "an epoch has 20)"),
    "momentum": (
        {"optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"}},
        {"optimizer.momentum": 0.99},
        "optimizer",
        "momentum (",
    ),
    "second moment": ({"optimizer": "adam"}, {"optimizer.beta2": 0.95}, "optimizer", "beta2 ("),
    "epsilon": ({"optimizer": "adam"}, {"optimizer.epsilon": 0.02}, "optimizer", "size of epsilon ("),
    "decay beside the rate": (
        {"weight_decay": {"kind": "decoupled", "factor": 0.01}},
        {"weight_decay.kind": "rate_free"},
        "optimizer",
        "a decay that is not multiplied by the rate (",
    ),
    "decay doubled": (
        {"weight_decay": {"kind": "decoupled", "factor": 0.01}},
        {"weight_decay.factor": 0.037},
        "optimizer",
        "factor of a decay or penalty (",
    ),
    "K - 1 classes": (
        {"loss": {"kind": "softmax_cross_entropy", "label_smoothing": 0.1}},
        {"loss.label_smoothing": 1 / 9},
        "loss",
        "smoothing over K - 1 classes)",
    ),
    "smoothing from none": ({}, {"loss.label_smoothing": 0.2}, "loss", "label smoothing ("),
    "huber": ({"loss": {"kind": "huber"}}, {"loss.delta": 0.25}, "loss", "delta ("),
    "layer norm": (
        {"model": {**FLAT, "layers": ["flatten", "layer_norm", DENSE]}},
        {"model.layers.1.epsilon": 0.05},
        "layer",
        "size of epsilon (",
    ),
    "batch norm": (
        {"model": {**FLAT, "layers": ["batch_norm", *FLAT["layers"]]}},
        {"model.layers.0.momentum": 0.75},
        "layer",
        "momentum (",
    ),
    "slope": (
        {"model": {**FLAT, "layers": [{"kind": "activation", "activation": "leaky_relu"}, *FLAT["layers"]]}},
        {"model.layers.0.activation.slope": 0.07},
        "activation",
        "slope (",
    ),
    "clipping": ({"clipping": {"kind": "by_norm", "bound": 0.5}}, {"clipping.bound": 0.125}, "clipping", "bound ("),
    "penalty": (
        {"regularizer": {"kind": "l2", "l2": 0.01}},
        {"regularizer.l2": 0.07},
        "model",
        "factor of a decay or penalty (",
    ),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", PLANTED)
def test_a_number_at_any_distance_is_solved_for_and_proven(tmp_path: Path, name: str) -> None:
    said, faulty, rung, told = PLANTED[name]
    first = _first_of_faulty(tmp_path, {**said, "rungs": [rung]}, faulty)
    ((path, value),) = faulty.items()
    shown = f"{path}: {value}"
    assert (first.rung, first.culprit) == (rung, "port")
    assert told in first.cause
    assert f"port computes {shown}, the spec says" in first.cause
    assert first.advice.startswith(f"other with {shown} (rung run again with it: agrees")


def test_the_first_step_that_differs_is_named_beside_the_worst(tmp_path: Path) -> None:
    first = _first_of_faulty(tmp_path, {"schedule": STAIRS}, {"schedule.decay_steps": 10})
    assert first.worst_index.endswith("; first at step 10")


def test_a_number_does_not_explain_what_the_right_arm_does_too(tmp_path: Path) -> None:
    """A function that is no instance of the stated one is explained by no number of it."""
    linear = {"kind": "polynomial", "initial_rate": 0.1, "end_rate": 0.01, "decay_steps": 50}
    first = _first_of_faulty(tmp_path, {"schedule": STAIRS}, {"schedule": linear})
    assert first.advice == ""
    assert first.cause.startswith("port is off by ")


def _first_of_faulty(scratch: Path, said: Mapping[str, Any], faulty: Mapping[str, Any]) -> Verdict:
    """The first divergence of two arms, one of which has a fault that no spec tells of."""

    class Faulty(InProcess):
        def ask(self, task: Task, changes: Any = None, **payload: Any) -> Any:
            return super().ask(task, {**(changes or {}), **(faulty if self.arm.name == "port" else {})}, **payload)

    verdicts, _ = climb(context_of({**STATED, **said}, scratch, {"port": {}, "other": {}}), Faulty)
    return next(verdict for verdict in verdicts if verdict.status == "diverges" and verdict.arm_b == "other")
