"""Losses: one number per sample, then their mean or sum over the batch.

A sample's outputs are one vector of C numbers, whatever their shape: p_j, or z_j where they are logits. Its target t is
a vector as long: the values that are given, or the one-hot row of a class label (of -1 and +1 for the losses of signs).
`mean_j` and `sum_j` run over the C outputs. A gradient at a kink is the one that is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.spec.base import union_of
from harness.spec.losses.base import ClassLoss, Loss
from harness.spec.losses.distances import (
    AsymmetricLinear,
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    SmoothL1,
)
from harness.spec.losses.likelihoods import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    KlDivergence,
    NegativeLogLikelihood,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from harness.spec.losses.margins import CategoricalHinge, Exponential, Hinge, SquaredHinge

__all__ = [
    "AnyLoss",
    "AsymmetricLinear",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "CategoricalHinge",
    "ClassLoss",
    "CosineSimilarity",
    "Exponential",
    "Hinge",
    "Huber",
    "KlDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "NegativeLogLikelihood",
    "Poisson",
    "SigmoidCrossEntropy",
    "SmoothL1",
    "SoftmaxCrossEntropy",
    "SquaredHinge",
]

if TYPE_CHECKING:
    AnyLoss = Loss
else:
    AnyLoss: Any = union_of(Loss)
