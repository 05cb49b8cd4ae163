"""MindSpore's own classes, as its documentation shows them, and what is asked of them. Runs in MindSpore's process."""

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
    """Every operation is waited for. The numbers are the same; on two cores small operations run ten times as fast.

    The device is chosen by an adapter first: MindSpore refuses to once a script of the ledger has run.
    """
    import mindspore as ms

    import adapters
    from harness.spec.arm import Arm

    ms.runtime.launch_blocking()
    adapters.load(Arm(name="first", adapter="mindspore", mode="pynative"))


def softmax_over_one_element() -> tuple[Any, Any, int]:
    """The adapter's value and gradient there, and how often the native operation was asked for it."""
    from unittest.mock import patch

    import mindspore as ms

    import adapters
    from harness.spec.activations import Softmax
    from harness.spec.arm import Arm

    adapter = adapters.load(Arm(name="pynative", adapter="mindspore", mode="pynative"))
    x = np.array([[-3.0], [0.5], [40.0]], np.float32)
    with patch.object(ms.ops, "softmax", wraps=ms.ops.softmax) as native:
        found = adapter.activation(Softmax(), x, np.full_like(x, 2.0), {})
    return found["value"], found["gradient"], native.call_count
