"""What the teacher of rung `step` gives to the arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from in_process import context_of

from harness.records.tensor_key import only
from harness.rungs.step import teach

TINY = np.finfo(np.float32).tiny
# A first step of 50 takes the sigmoid to where its derivative is below the normal numbers of float32.
STEEP: dict[str, Any] = {
    "data": {"kind": "polynomial", "train_size": 6, "test_size": 4},
    "model": {
        "input": {"shape": [1]},
        "layers": [{"kind": "dense", "units": 1, "activation": "sigmoid", "kernel_initializer": "zeros"}],
    },
    "loss": "mean_squared_error",
    "optimizer": "rprop",
    "schedule": {"kind": "constant", "rate": 1e10},
    "training": {"epochs": 1, "batch_size": 1},
    "comparison": {"forced_steps": 6},
}


def test_a_gradient_below_the_normal_numbers_is_given_as_0(tmp_path: Path) -> None:
    """Both frameworks take it for 0, and Rprop moves by a whole step in the direction of any other gradient."""
    teacher = teach(context_of(STEEP, tmp_path, {"one": {}}))
    exact, given = ([np.abs(v) for v in only(part, "gradient").values()] for part in (teacher.expected, teacher.inputs))
    assert any(((value > 0) & (value < TINY)).any() for value in exact)
    for value, of_arms in zip(exact, given, strict=True):
        np.testing.assert_array_equal(of_arms, np.where(value < TINY, 0, value.astype(np.float32)))
