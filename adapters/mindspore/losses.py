"""Losses in MindSpore: a function from the model's output and int32 labels, or values, to the loss of the batch.

`realisations.losses` says which of the makers here makes a word.
"""

from __future__ import annotations

import math
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.making import maker
from adapters.mindspore import loss_formulas as formulas
from adapters.mindspore.realisations.losses import LOSSES
from adapters.setting import Make, Setting
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.recipe import Targets


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A function from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    return OnRows(maker(LOSSES, word, setting)(word, setting), word, width, targets == "labels", setting)


def of_class(kind: Any, *fields: str, **given: Any) -> Make:
    """A class of the framework with these fields of the word, reduced as it does."""

    def make(word: Any, setting: Setting) -> Any:
        named = {**given, **{"eps" if name == "epsilon" else name: getattr(word, name) for name in fields}}
        if word.reduction == "mean":
            return kind(**named, reduction="mean")
        return SumOfSamples(kind(**named, reduction="none"))

    return make


def by_formula(formula: Any, *numbers: str | float) -> Make:
    """The loss of each sample by a formula of the outputs, the targets and numbers, which may be fields of the word."""

    def make(word: Any, setting: Setting) -> Any:
        values = (getattr(word, number) if isinstance(number, str) else number for number in numbers)
        return of_samples(formula, word, setting, *values)

    return make


def bounded(formula: Any) -> Make:
    """Likewise, of the bounds epsilon and 1 - epsilon."""
    return lambda word, setting: of_samples(formula, word, setting, word.epsilon, 1 - word.epsilon)


mean_squared_error = of_class(nn.MSELoss)
mean_absolute_error = of_class(nn.L1Loss)
huber = of_class(nn.HuberLoss, "delta")
sigmoid_cross_entropy = of_class(nn.BCEWithLogitsLoss)
binary_cross_entropy = bounded(formulas.native_binary_cross_entropy)
poisson = of_class(nn.PoissonNLLLoss, "epsilon", log_input=False, full=False)


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    kind = nn.SoftmaxCrossEntropyWithLogits
    if word.class_weights is None:
        return kind(sparse=False, reduction=word.reduction)
    return Reduced(kind(sparse=False, reduction="none"), word, setting)


composed_mean_squared_logarithmic_error = by_formula(formulas.mean_squared_logarithmic_error, "epsilon")
composed_mean_absolute_percentage_error = by_formula(formulas.mean_absolute_percentage_error, "epsilon")
composed_log_cosh = by_formula(formulas.log_cosh, math.log(2))
composed_cosine_similarity = by_formula(formulas.cosine_similarity, "epsilon")
composed_asymmetric_linear = by_formula(formulas.asymmetric_linear, "over", "under")
composed_negative_log_likelihood = by_formula(formulas.negative_log_likelihood)
composed_binary_cross_entropy = bounded(formulas.binary_cross_entropy)
composed_kl_divergence = by_formula(formulas.kl_divergence, "epsilon", 1.0)
composed_poisson = by_formula(formulas.poisson, "epsilon")
composed_exponential = by_formula(formulas.exponential)


def composed_categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    formula = formulas.normalized_cross_entropy if word.normalize else formulas.categorical_cross_entropy
    return bounded(formula)(word, setting)


def composed_categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    lowest = float(np.finfo(setting.precision).min)
    return of_samples(formulas.categorical_hinge, word, setting, 0.0 if word.zero_competes else lowest)


class OnRows(nn.Cell):
    """Hands a loss a row of outputs and one of targets a sample: values, or a label one-hot, or in -1 and 1."""

    def __init__(self, inner: Any, word: spec.Loss, width: int, labels: bool, setting: Setting) -> None:
        super().__init__()
        self.inner, self.width, self.labels = inner, width, labels
        self.dtype, self.weighted = getattr(ms, setting.precision), isinstance(inner, Reduced)
        self.on, self.off = Tensor(1, ms.float32), Tensor(-1 if word.targets_domain == "signs" else 0, ms.float32)
        smoothing = getattr(word, "label_smoothing", 0.0)
        self.smoothed = smoothing > 0
        self.kept, self.spread = Tensor(1 - smoothing, self.dtype), Tensor(smoothing / width, self.dtype)

    def construct(self, outputs: Any, y: Any) -> Any:
        flat = outputs.reshape(-1, self.width)
        if self.labels:
            rows = ops.one_hot(y, self.width, self.on, self.off)  # refuses float64; whole numbers cast exactly
            rows = rows.astype(self.dtype)
        else:
            rows = y.reshape(-1, self.width)
        given = rows * self.kept + self.spread if self.smoothed else rows
        return self.inner(flat, given, rows) if self.weighted else self.inner(flat, given)


def of_samples(formula: Any, word: spec.Loss, setting: Setting, *numbers: float) -> Any:
    dtype = getattr(ms, setting.precision)
    return Reduced(Formula(formula, tuple(Tensor(number, dtype) for number in numbers)), word, setting)


# Keras has these by a class of its own, or reduces by itself.

composed_mean_squared_error = by_formula(formulas.mean_squared_error)
composed_mean_absolute_error = by_formula(formulas.mean_absolute_error)
composed_huber = by_formula(formulas.huber, "delta")
composed_softmax_cross_entropy = by_formula(formulas.softmax_cross_entropy)
composed_sigmoid_cross_entropy = by_formula(formulas.sigmoid_cross_entropy)
composed_hinge = by_formula(formulas.hinge)
composed_squared_hinge = by_formula(formulas.squared_hinge)


class Formula(nn.Cell):
    """A function of outputs, targets and numbers."""

    def __init__(self, function: Any, numbers: tuple[Any, ...]) -> None:
        super().__init__()
        self.function, self.numbers = function, numbers

    def construct(self, outputs: Any, target: Any) -> Any:
        return self.function(outputs, target, *self.numbers)


class Reduced(nn.Cell):
    """The losses of the samples, weighted by their classes; their mean or their sum. `rows` are not smoothed."""

    def __init__(self, inner: Any, word: spec.Loss, setting: Setting) -> None:
        super().__init__()
        weights = class_weights(word)
        self.inner, self.weighted, self.mean = inner, weights is not None, word.reduction == "mean"
        self.by_weights = isinstance(word, spec.ClassLoss) and word.weighting == "sum_of_weights"
        self.weights = Tensor(weights or (1.0,), getattr(ms, setting.precision))

    def construct(self, outputs: Any, target: Any, rows: Any) -> Any:
        losses = self.inner(outputs, target)
        if not self.weighted:
            return losses.mean() if self.mean else losses.sum()
        counts = (rows * self.weights).sum(-1)
        total = (losses * counts).sum()
        if not self.mean:
            return total
        return total / counts.sum() if self.by_weights else total / losses.shape[0]


class SumOfSamples(nn.Cell):
    """The sum of what the outputs of a sample contribute on average."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def construct(self, outputs: Any, target: Any) -> Any:
        return self.inner(outputs, target).mean(-1).sum()
