"""Losses in MindSpore: the mean over the batch, from the model's output and int32 labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.protocol import Realisation, made_by
from harness.spec import losses as spec

Made = tuple[Realisation, Callable[[Any, int], Any]]
SPARSE_IS_INFINITE = "with sparse=True its value is inf once a logit is 87 above the label's"
FLOAT64_REFUSED = "the native loss has no float64 kernel"
FLOAT64_LOST = "the native loss computes in float32 whatever it is given"


def softmax_cross_entropy(_: spec.SoftmaxCrossEntropy, classes: int) -> Any:
    return OnOneHot(nn.SoftmaxCrossEntropyWithLogits(sparse=False, reduction="mean"), classes, ms.float32)


def mean_squared_error(_: spec.MeanSquaredError, classes: int) -> Any:
    return OnOneHot(nn.MSELoss(reduction="mean"), classes, ms.float32)


def softmax_cross_entropy_float64(_: spec.SoftmaxCrossEntropy, classes: int) -> Any:
    return OnOneHot(LogSumExpCrossEntropy(), classes, ms.float64)


def mean_squared_error_float64(_: spec.MeanSquaredError, classes: int) -> Any:
    return OnOneHot(MeanSquare(), classes, ms.float64)


LOSSES: dict[type[spec.Loss], dict[str, Made]] = {
    spec.SoftmaxCrossEntropy: {
        "float32": (Realisation("native", "nn.SoftmaxCrossEntropyWithLogits"), softmax_cross_entropy),
        "float64": (Realisation("composed", "max, exp, log", FLOAT64_REFUSED), softmax_cross_entropy_float64),
    },
    spec.MeanSquaredError: {
        "float32": (Realisation("native", "nn.MSELoss"), mean_squared_error),
        "float64": (Realisation("composed", "mean of squares", FLOAT64_LOST), mean_squared_error_float64),
    },
}


def realisation(word: spec.Loss, precision: str) -> Realisation:
    made = made_by(LOSSES, word, "mindspore")[precision][0]
    if precision == "float32" and isinstance(word, spec.SoftmaxCrossEntropy) and word.targets == "sparse":
        return Realisation("composed", f"one-hot rows, {made.by}", SPARSE_IS_INFINITE)
    return made


def loss(word: spec.Loss, classes: int, precision: str) -> Any:
    """A Cell from (outputs, labels) to the mean loss."""
    return made_by(LOSSES, word, "mindspore")[precision][1](word, classes)


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
