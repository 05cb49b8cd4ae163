"""Each known form is planted on one side: the climb names it, and says and proves what would make the sides equal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import climb, context_of

from harness.parity.verdict import Verdict

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
CONVOLUTION = {"kind": "conv2d", "filters": 2, "kernel_size": [3, 3], "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]},
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 1, "batch_size": 8, "max_steps": 8},
    "rungs": ["schedule", "applied-lr", "layer", "optimizer"],
}
IMAGES = {
    **STATED["model"],
    "layers": [{**CONVOLUTION, "strides": [2, 2], "padding": "same"}, "batch_norm", "flatten", DENSE],
}
STEPS = {"kind": "piecewise_constant", "boundaries": [3, 5], "values": [0.1, 0.01, 0.001], "boundary": "inclusive"}

# What the experiment says, what the port has in place of it, the rung, the cause, and what is advised to each side.
PLANTED = {
    "momentum form": (
        {
            "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
            "schedule": {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 3},
        },
        {"optimizer.form": "rate_outside"},
        "optimizer",
        "rate_inside",
    ),
    "boundary": ({"schedule": STEPS}, {"schedule.boundary": "exclusive"}, "schedule", "inclusive"),
    "epsilon place": (
        {"optimizer": "rmsprop"},
        {"optimizer.epsilon_place": "outside_root"},
        "optimizer",
        "inside_root",
    ),
    "coupled for decoupled decay": (
        {"weight_decay": {"kind": "decoupled", "factor": 0.05}, "optimizer": "adam"},
        {"weight_decay.kind": "coupled"},
        "optimizer",
        "decoupled",
    ),
    "bias correction": ({"optimizer": "adam"}, {"optimizer.bias_correction": False}, "applied-lr", "true"),
    "layout": ({"model": IMAGES}, {"model.layers.2.order": "channels_first"}, "layer", "channels_last"),
    "padding": ({"model": IMAGES}, {"model.layers.0.padding": "same_lower"}, "layer", "same"),
    "batch normalisation's momentum convention": (
        {"model": IMAGES},
        {"model.layers.1.momentum": 0.01},
        "layer",
        "0.99",
    ),
}


@pytest.mark.parametrize("form", PLANTED)
def test_a_planted_form_is_named_and_mended_on_either_side(tmp_path: Path, form: str) -> None:
    said, given, rung, usual = PLANTED[form]
    first = _first(tmp_path, said, {"port": given, "other": {}})
    ((path, value),) = given.items()
    shown = str(value).lower() if isinstance(value, bool) else value
    assert (first.rung, first.culprit) == (rung, "port")
    assert first.cause == f"{form} (port computes {path}: {shown}, the spec says {usual})"
    ways = first.advice.split(", or ")
    assert [way.partition(" (rung run again with it: agrees, worst ")[0] for way in ways] == [
        f"other with {path}: {shown}",
        f"port with {path}: {usual}",
    ]


def _first(scratch: Path, said: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """The first divergence of two arms."""
    verdicts, _ = climb(context_of({**STATED, **said}, scratch, specs))
    return next(verdict for verdict in verdicts if verdict.status == "diverges" and verdict.arm_b == "other")
