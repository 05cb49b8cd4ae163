"""Losses: one number per sample, then the mean over the batch. B samples, C outputs per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.spec.base import Word, union_of


class Loss(Word):
    """Base of all losses. Targets are class labels; a loss that needs vectors takes them one-hot."""

    family: ClassVar[str] = "loss"


class SoftmaxCrossEntropy(Loss):
    """`l = log(sum_j exp(z_j)) - z_y` from logits z of shape (B, C); mean over B.

    `targets = sparse` hands the framework int32 labels (B,), `one_hot` a (B, C) matrix: the same number.
    """

    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    targets: Literal["sparse", "one_hot"] = "sparse"


class MeanSquaredError(Loss):
    """`l = mean_j (p_j - onehot(y)_j) ** 2` over the C outputs; mean over B."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"


if TYPE_CHECKING:
    AnyLoss = Loss
else:
    AnyLoss: Any = union_of(Loss)
