"""MindSpore's own classes, as its documentation shows them, with nothing of ours. Runs in MindSpore's process only."""

from __future__ import annotations

from typing import Any

import numpy as np


def rates_of(kind: str, name: str, arguments: list[Any], steps: int) -> Any:
    """`class`: a LearningRateSchedule called with each step. `function`: the list that one returns."""
    import mindspore as ms
    from mindspore import nn

    made = getattr(nn, name)(*arguments)
    if kind == "function":
        return np.asarray(made)
    return np.array([float(made(ms.Tensor(step, ms.int32)).asnumpy()) for step in range(steps)], np.float32)


def momentum(rates: list[float], coefficient: float, nesterov: bool) -> Any:
    """A weight of 0 after each update by a gradient of 1; the rates come as a list."""
    import mindspore as ms
    from mindspore import Parameter, Tensor, nn

    weight = Parameter(Tensor([0.0], ms.float32), name="w")
    optimizer = nn.SGD([weight], learning_rate=rates, momentum=coefficient, nesterov=nesterov)
    after = []
    for _ in rates:
        optimizer((Tensor([1.0], ms.float32),))
        after.append(weight.asnumpy().copy())
    return np.concatenate(after)


def launch_blocking() -> None:
    """Every operation is waited for. The numbers are the same; on two cores small operations run ten times as fast."""
    import mindspore as ms

    ms.runtime.launch_blocking()
