"""Metrics in MindSpore: a function from the model's output and int32 labels to a number for each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import metrics as spec


def zero_one(_: spec.ZeroOne, setting: Setting) -> Any:
    """The zero-one loss of each sample."""
    return Misclassified(setting)


METRICS: dict[type[spec.Metric], Callable[[Any, Setting], Any]] = {
    spec.ZeroOne: zero_one,
}


def metric(word: spec.Metric, setting: Setting) -> Any:
    """The function of a metric, from outputs (B, C) and labels (B,) to (B,)."""
    return made_by(METRICS, word, "mindspore")(word, setting)


class Misclassified(nn.Cell):
    """1 for each sample whose largest output is not that of its label, else 0."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.dtype = getattr(ms, setting.precision)

    def construct(self, outputs: Any, labels: Any) -> Any:
        return ops.not_equal(ops.argmax(outputs, -1), labels).astype(self.dtype)
