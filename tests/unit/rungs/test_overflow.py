"""Updates that grow without end: past the range of float32 nothing is right or wrong; before it, all is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import answers_to, context_of

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
MODEL = {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]}
# Its step is a share of the weights' own norm, so that at a high rate they grow exponentially.
GROWING = {
    "optimizer": {"kind": "lamb", "factor": 0.01, "decay": "decoupled"},
    "schedule": {"kind": "linear_warmup", "target_rate": 0.15, "warmup_steps": 1},
}
STATED: dict[str, Any] = {
    "model": MODEL,
    "loss": "softmax_cross_entropy",
    "training": {"epochs": 1, "batch_size": 50},
    **GROWING,
}


@pytest.mark.parametrize("wrong", [False, True])
def test_what_float32_cannot_hold_is_not_judged(tmp_path: Path, wrong: bool) -> None:
    context = context_of(STATED, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        rung, answers = answers_to(context, "optimizer")
    kernels = [name for name in answers["one"].arrays if name.endswith("after 1000/a/kernel")]
    assert any(not np.all(np.isfinite(answers["one"].arrays[name])) for name in kernels), "it overflows"
    if wrong:
        for name in answers["other"].arrays:
            if name.endswith("after 100/a/kernel"):
                answers["other"].arrays[name] = answers["other"].arrays[name] * 1.01
    with np.errstate(all="ignore"):
        found = rung.judge(context, answers)
    assert found
    assert {verdict.status for verdict in found} == ({"diverges"} if wrong else {"agrees"})
