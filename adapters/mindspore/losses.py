"""Losses in MindSpore: a function from the model's output and int32 labels, or values, to the loss of the batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore import loss_formulas as formulas
from adapters.protocol import made_by
from adapters.setting import Setting
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.recipe import Targets

Make = Callable[[Any, Setting], Any]


def composed(formula: Any, *fields: str) -> Make:
    """The loss of each sample by a formula of the outputs, the targets and these fields of the word."""
    return lambda word, setting: of_samples(formula, word, setting, *(getattr(word, name) for name in fields))


def bounded(formula: Any, most: float | None = None) -> Make:
    """Likewise, of the bounds epsilon and `most`, which is 1 - epsilon where not given."""
    return lambda word, setting: of_samples(
        formula, word, setting, word.epsilon, 1 - word.epsilon if most is None else most
    )


def of_mindspore(kind: Any, formula: Any, *fields: str, **given: Any) -> Make:
    """A class of MindSpore in float32, with its own mean; in float64 the formula."""

    def make(word: Any, setting: Setting) -> Any:
        if setting.precision == "float64":
            return composed(formula, *fields)(word, setting)
        named = {**given, **{"eps" if name == "epsilon" else name: getattr(word, name) for name in fields}}
        if word.reduction == "mean":
            return kind(**named, reduction="mean")
        return SumOfSamples(kind(**named, reduction="none"))

    return make


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    if setting.precision == "float64":
        return of_samples(formulas.softmax_cross_entropy, word, setting)
    kind = nn.SoftmaxCrossEntropyWithLogits
    if word.class_weights is None:
        return kind(sparse=False, reduction=word.reduction)
    return Reduced(kind(sparse=False, reduction="none"), word, setting)


def categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    formula = formulas.normalized_cross_entropy if word.normalize else formulas.categorical_cross_entropy
    return bounded(formula)(word, setting)


def sigmoid_cross_entropy(word: spec.SigmoidCrossEntropy, setting: Setting) -> Any:
    if setting.mode != "jit":
        return composed(formulas.sigmoid_cross_entropy)(word, setting)
    return of_mindspore(nn.BCEWithLogitsLoss, formulas.sigmoid_cross_entropy)(word, setting)


def binary_cross_entropy(word: spec.BinaryCrossEntropy, setting: Setting) -> Any:
    native = setting.precision == "float32"
    formula = formulas.native_binary_cross_entropy if native else formulas.binary_cross_entropy
    return bounded(formula)(word, setting)


def log_cosh(word: spec.LogCosh, setting: Setting) -> Any:
    return of_samples(formulas.log_cosh, word, setting, math.log(2))


def categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    lowest = float(np.finfo(setting.precision).min)
    return of_samples(formulas.categorical_hinge, word, setting, 0.0 if word.zero_competes else lowest)


LOSSES: dict[type[spec.Loss], Make] = {
    spec.MeanSquaredError: of_mindspore(nn.MSELoss, formulas.mean_squared_error),
    spec.MeanAbsoluteError: of_mindspore(nn.L1Loss, formulas.mean_absolute_error),
    spec.MeanSquaredLogarithmicError: composed(formulas.mean_squared_logarithmic_error, "epsilon"),
    spec.MeanAbsolutePercentageError: composed(formulas.mean_absolute_percentage_error, "epsilon"),
    spec.Huber: of_mindspore(nn.HuberLoss, formulas.huber, "delta"),
    spec.LogCosh: log_cosh,
    spec.CosineSimilarity: composed(formulas.cosine_similarity, "epsilon"),
    spec.AsymmetricLinear: composed(formulas.asymmetric_linear, "over", "under"),
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.CategoricalCrossEntropy: categorical_cross_entropy,
    spec.NegativeLogLikelihood: composed(formulas.negative_log_likelihood),
    spec.SigmoidCrossEntropy: sigmoid_cross_entropy,
    spec.BinaryCrossEntropy: binary_cross_entropy,
    spec.KlDivergence: bounded(formulas.kl_divergence, 1.0),
    spec.Poisson: of_mindspore(nn.PoissonNLLLoss, formulas.poisson, "epsilon", log_input=False, full=False),
    spec.Hinge: composed(formulas.hinge),
    spec.SquaredHinge: composed(formulas.squared_hinge),
    spec.CategoricalHinge: categorical_hinge,
    spec.Exponential: composed(formulas.exponential),
}


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """A Cell from (outputs, y) to the loss; `width` is the number of outputs a sample."""
    return OnRows(made_by(LOSSES, word, "mindspore")(word, setting), word, width, targets == "labels", setting)


def of_samples(formula: Any, word: spec.Loss, setting: Setting, *numbers: float) -> Any:
    dtype = getattr(ms, setting.precision)
    return Reduced(Formula(formula, tuple(Tensor(number, dtype) for number in numbers)), word, setting)


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
