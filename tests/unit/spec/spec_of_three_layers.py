"""An experiment with two dense layers and a batch norm between them, in plain containers."""

from __future__ import annotations

from typing import Any

DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "name": "grouped",
    "data": "mnist5k",
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": ["flatten", {**DENSE, "units": 8, "activation": "relu"}, "batch_norm", {**DENSE, "units": 10}],
    },
    "loss": "softmax_cross_entropy",
    "optimizer": {"kind": "adamw", "factor": 0.01},
    "schedule": {"kind": "constant", "rate": 0.001},
    "training": {"epochs": 1, "batch_size": 32},
    "arms": [{"name": "reference", "adapter": "reference", "mode": "numpy"}],
}
