"""Losses of a user's own in float64, composed where MindSpore's own refuse float64 or compute in float32.

Each function takes a loss and returns a function that computes the same as its class, in the class' conventions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.mindspore.specifics.float64.pointwise import log_softmax_of

Composed = Callable[[Any, Any], Any]


def compose_loss(loss: Any) -> None:
    """Replaces the computation of a loss, and of those within it, where its class is known."""
    if not isinstance(loss, nn.Cell):
        return
    for _, cell in loss.cells_and_names():
        make = COMPOSED.get(type(cell))
        if make is not None:
            cell.construct = make(cell)


def mean_squared_error(loss: Any) -> Composed:
    """nn.MSELoss."""
    return lambda z, y: _base_reduced(loss, ops.square(z - y))


def mean_absolute_error(loss: Any) -> Composed:
    """nn.L1Loss."""
    return lambda z, y: _reduced(ops.abs(z - y), loss.reduction)


def smooth_l1(loss: Any) -> Composed:
    """nn.SmoothL1Loss."""

    def call(z: Any, y: Any) -> Any:
        size, beta = ops.abs(z - y), _number(loss.beta)
        losses = ops.where(size < beta, ops.square(size) / (_number(2) * beta), size - beta / _number(2))
        return _reduced(losses, loss.reduction)

    return call


def huber(loss: Any) -> Composed:
    """nn.HuberLoss."""

    def call(z: Any, y: Any) -> Any:
        size, delta = ops.abs(z - y), _number(loss.delta)
        losses = ops.where(size <= delta, ops.square(size) / _number(2), delta * (size - delta / _number(2)))
        return _reduced(losses, loss.reduction)

    return call


def cross_entropy(loss: Any) -> Composed:
    """nn.CrossEntropyLoss of labels or of distributions, with the classes on axis 1."""

    def call(z: Any, y: Any) -> Any:
        rows, targets, weights, kept = _rows(z, y, loss.weight, loss.ignore_index)
        logs, smoothing = log_softmax_of(rows, -1), _number(loss.label_smoothing)
        plain = -(logs * targets * weights).sum(-1)
        even = -(logs * weights).sum(-1) * kept / _number(rows.shape[-1])
        losses = (_number(1) - smoothing) * plain + smoothing * even
        return _weighted(losses, (targets * weights).sum(-1), loss.reduction, y)

    return call


def negative_log_likelihood(loss: Any) -> Composed:
    """nn.NLLLoss."""

    def call(z: Any, y: Any) -> Any:
        rows, targets, weights, _ = _rows(z, y, loss.weight, loss.ignore_index)
        return _weighted(-(rows * targets * weights).sum(-1), (targets * weights).sum(-1), loss.reduction, y)

    return call


def softmax_cross_entropy(loss: Any) -> Composed:
    """nn.SoftmaxCrossEntropyWithLogits."""

    def call(z: Any, y: Any) -> Any:
        targets = _one_hot(y, z.shape[-1]) if loss.sparse else y
        return _reduced(-(log_softmax_of(z, -1) * targets).sum(-1), loss.reduction)

    return call


def binary_cross_entropy(loss: Any) -> Composed:
    """nn.BCELoss, whose logarithms MindSpore bounds by that of 1e-12."""

    def call(p: Any, y: Any) -> Any:
        least = _number(1e-12)
        logs = y * ops.log(ops.maximum(p, least)) + (_number(1) - y) * ops.log(ops.maximum(_number(1) - p, least))
        return _reduced(-logs if loss.weight is None else -logs * loss.weight.astype(ms.float64), loss.reduction)

    return call


def sigmoid_cross_entropy(loss: Any) -> Composed:
    """nn.BCEWithLogitsLoss."""

    def call(z: Any, y: Any) -> Any:
        # log(1 + exp(-z)), by the branch that does not overflow.
        tail = ops.log(_number(1) + ops.exp(-ops.abs(z)))
        towards = tail + ops.maximum(-z, _number(0))
        weight = _number(1) if loss.pos_weight is None else loss.pos_weight.astype(ms.float64)
        losses = (_number(1) - y) * z + (_number(1) + (weight - _number(1)) * y) * towards
        return _reduced(losses if loss.weight is None else losses * loss.weight.astype(ms.float64), loss.reduction)

    return call


def kl_divergence(loss: Any) -> Composed:
    """nn.KLDivLoss of logarithms of probabilities."""

    def call(logs: Any, y: Any) -> Any:
        safe = ops.where(y > _number(0), y, ops.ones_like(y))
        losses = ops.where(y > _number(0), y * (ops.log(safe) - logs), ops.zeros_like(y))
        if loss.reduction == "batchmean":
            return losses.sum() / _number(losses.shape[0])
        return _reduced(losses, loss.reduction)

    return call


COMPOSED: dict[type[Any], Callable[[Any], Composed]] = {
    nn.MSELoss: mean_squared_error,
    nn.L1Loss: mean_absolute_error,
    nn.SmoothL1Loss: smooth_l1,
    nn.HuberLoss: huber,
    nn.CrossEntropyLoss: cross_entropy,
    nn.NLLLoss: negative_log_likelihood,
    nn.SoftmaxCrossEntropyWithLogits: softmax_cross_entropy,
    nn.BCELoss: binary_cross_entropy,
    nn.BCEWithLogitsLoss: sigmoid_cross_entropy,
    nn.KLDivLoss: kl_divergence,
}


def _number(value: float) -> Any:
    """A float64 tensor: a Python number would meet a tensor as float32."""
    return Tensor(value, ms.float64)


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def _base_reduced(loss: Any, losses: Any) -> Any:
    """The reduction of a loss of `LossBase` without a `reduction` of its own."""
    if not loss.reduce:
        return losses
    return losses.mean() if loss.average else losses.sum()


def _rows(z: Any, y: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, Any, Any]:
    """Outputs, targets and class weights, (rows, C), and whether a row counts, (rows,); classes are on axis 1 of z."""
    width = z.shape[1] if z.ndim > 1 else z.shape[0]
    order = (0, *range(2, z.ndim), 1)
    rows = (ops.transpose(z, order) if z.ndim > 2 else z).reshape(-1, width)
    of_classes = ops.ones((1, width), ms.float64) if weight is None else weight.astype(ms.float64).reshape(1, -1)
    if y.dtype in (ms.int32, ms.int64):
        labels = y.reshape(-1)
        kept = (labels != ignore_index).astype(ms.float64)
        safe = ops.where(labels != ignore_index, labels, ops.zeros_like(labels))
        return rows, _one_hot(safe, width) * kept.reshape(-1, 1), of_classes, kept
    targets = (ops.transpose(y, order) if y.ndim > 2 else y).reshape(-1, width)
    return rows, targets, of_classes, ops.ones((rows.shape[0],), ms.float64)


def _one_hot(labels: Any, width: int) -> Any:
    on, off = Tensor(1, ms.float32), Tensor(0, ms.float32)
    return ops.one_hot(labels.astype(ms.int32), width, on, off).astype(ms.float64)


def _weighted(losses: Any, weights: Any, reduction: str, y: Any) -> Any:
    """The mean of losses of labels is divided by the sum of their weights, that of distributions by their number."""
    if reduction != "mean":
        return _reduced(losses, reduction)
    return losses.sum() / weights.sum() if y.dtype in (ms.int32, ms.int64) else losses.mean()
