"""Losses in MindSpore: a function from the model's output and int32 labels, or values, to the loss of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import losses as spec
from harness.spec.recipe import Targets


def softmax_cross_entropy(_: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    if setting.precision == "float64":
        return LogSumExpCrossEntropy()
    return nn.SoftmaxCrossEntropyWithLogits(sparse=False, reduction="mean")


def mean_squared_error(_: spec.MeanSquaredError, setting: Setting) -> Any:
    return MeanSquare() if setting.precision == "float64" else nn.MSELoss(reduction="mean")


LOSSES: dict[type[spec.Loss], Callable[[Any, Setting], Any]] = {
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.MeanSquaredError: mean_squared_error,
}


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A Cell from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    made = made_by(LOSSES, word, "mindspore")(word, setting)
    return made if targets == "values" else OnOneHot(made, width, getattr(ms, setting.precision))


class OnOneHot(nn.Cell):
    """Turns labels into one-hot rows before the loss that wants them."""

    def __init__(self, inner: Any, classes: int, dtype: Any) -> None:
        super().__init__()
        self.inner, self.classes, self.dtype = inner, classes, dtype
        self.on, self.off = Tensor(1, ms.float32), Tensor(0, ms.float32)

    def construct(self, outputs: Any, labels: Any) -> Any:
        rows = ops.one_hot(labels, self.classes, self.on, self.off)  # refuses float64; 0 and 1 cast exactly
        return self.inner(outputs, rows.astype(self.dtype))


class LogSumExpCrossEntropy(nn.Cell):
    def construct(self, logits: Any, target: Any) -> Any:
        shifted = logits - ops.stop_gradient(logits.max(-1, keepdims=True))
        return (ops.log(ops.exp(shifted).sum(-1)) - (shifted * target).sum(-1)).mean()


class MeanSquare(nn.Cell):
    def construct(self, outputs: Any, target: Any) -> Any:
        difference = outputs - target
        return (difference * difference).mean()
