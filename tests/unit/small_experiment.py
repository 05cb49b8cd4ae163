"""A small experiment, as a user would state it."""

from __future__ import annotations

from typing import Any

ARM = {"adapter": "reference", "mode": "numpy"}
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "data": "mnist5k",
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": ["flatten", {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}],
    },
    "loss": "softmax_cross_entropy",
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
    "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 10},
    "training": {"epochs": 4, "batch_size": 10},
    "arms": [{"name": "one", **ARM}, {"name": "other", **ARM}],
}
