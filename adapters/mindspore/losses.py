"""Losses in MindSpore: a function from the model's output and int32 labels, or values, to the loss of the batch.

`realisations.losses` states which function makes a word.
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
from adapters.mindspore.user_words import own_loss
from adapters.setting import Make, Setting
from adapters.weighting import class_weights
from harness.spec import losses as spec
from harness.spec.own import OwnLoss
from harness.spec.recipe import Targets


def loss(word: spec.Loss, width: int, targets: Targets, setting: Setting) -> Any:
    """The function from outputs (B, ...) and targets y to the loss. `width` is the number of outputs per sample."""
    if isinstance(word, OwnLoss):
        return own_loss(word, setting)
    return LossOnRows(maker(LOSSES, word, setting)(word, setting), word, width, targets == "labels", setting)


def class_maker(loss_class: Any, *fields: str, **options: Any) -> Make:
    """A maker of a loss by a class of the framework, with these fields of the word, in the reduction of the word."""

    def make(word: Any, setting: Setting) -> Any:
        arguments = {**options, **{"eps" if name == "epsilon" else name: getattr(word, name) for name in fields}}
        if word.reduction == "mean":
            return loss_class(**arguments, reduction="mean")
        return SampleSum(loss_class(**arguments, reduction="none"))

    return make


def formula_maker(formula: Any, *numbers: str | float) -> Make:
    """A maker of a loss by a formula of outputs, targets and numbers. A text among the numbers names a field."""

    def make(word: Any, setting: Setting) -> Any:
        values = (getattr(word, number) if isinstance(number, str) else number for number in numbers)
        return formula_loss(formula, word, setting, *values)

    return make


def bounded_formula_maker(formula: Any) -> Make:
    """A maker of a loss by a formula with the bounds epsilon and 1 - epsilon as its numbers."""
    return lambda word, setting: formula_loss(formula, word, setting, word.epsilon, 1 - word.epsilon)


mean_squared_error = class_maker(nn.MSELoss)
mean_absolute_error = class_maker(nn.L1Loss)
huber = class_maker(nn.HuberLoss, "delta")
smooth_l1 = class_maker(nn.SmoothL1Loss, "beta")
sigmoid_cross_entropy = class_maker(nn.BCEWithLogitsLoss)
binary_cross_entropy = bounded_formula_maker(formulas.native_binary_cross_entropy)
poisson = class_maker(nn.PoissonNLLLoss, "epsilon", log_input=False, full=False)


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Any:
    """Cross-entropy of logits and targets."""
    loss_class = nn.SoftmaxCrossEntropyWithLogits
    if word.class_weights is None:
        return loss_class(sparse=False, reduction=word.reduction)
    return WeightedReduction(loss_class(sparse=False, reduction="none"), word, setting)


composed_mean_squared_logarithmic_error = formula_maker(formulas.mean_squared_logarithmic_error, "epsilon")
composed_mean_absolute_percentage_error = formula_maker(formulas.mean_absolute_percentage_error, "epsilon")
composed_log_cosh = formula_maker(formulas.log_cosh, math.log(2))
composed_cosine_similarity = formula_maker(formulas.cosine_similarity, "epsilon")
composed_asymmetric_linear = formula_maker(formulas.asymmetric_linear, "over", "under")
composed_negative_log_likelihood = formula_maker(formulas.negative_log_likelihood)
composed_binary_cross_entropy = bounded_formula_maker(formulas.binary_cross_entropy)
composed_smooth_l1 = formula_maker(formulas.smooth_l1, "beta")
composed_poisson = formula_maker(formulas.poisson, "epsilon")
composed_exponential = formula_maker(formulas.exponential)


def composed_categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Any:
    """Cross-entropy of probabilities, which are divided by their sum first if the word says so."""
    formula = formulas.normalized_cross_entropy if word.normalize else formulas.categorical_cross_entropy
    return bounded_formula_maker(formula)(word, setting)


def composed_kl_divergence(word: spec.KlDivergence, setting: Setting) -> Any:
    """The divergence, summed or averaged over the classes, as the word says."""
    formula = formulas.kl_divergence if word.classes == "summed" else formulas.mean_kl_divergence
    return formula_maker(formula, "epsilon", 1.0)(word, setting)


def composed_categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Any:
    """Categorical hinge, where 0 is a rival of the label or not, as the word says."""
    lowest = float(np.finfo(setting.precision).min)
    return formula_loss(formulas.categorical_hinge, word, setting, 0.0 if word.zero_competes else lowest)


class LossOnRows(nn.Cell):
    """A loss with one row of outputs and one row of targets for each sample.

    A row of targets holds the values, or the label one-hot, with -1 in place of 0 for losses of signs.
    """

    def __init__(self, inner: Any, word: spec.Loss, width: int, labels: bool, setting: Setting) -> None:
        super().__init__()
        self.inner, self.width, self.labels = inner, width, labels
        self.dtype, self.weighted = getattr(ms, setting.precision), isinstance(inner, WeightedReduction)
        self.on_value, self.off_value = (
            Tensor(1, ms.float32),
            Tensor(-1 if word.targets_domain == "signs" else 0, ms.float32),
        )
        smoothing = getattr(word, "label_smoothing", 0.0)
        self.smoothed = smoothing > 0
        self.label_share, self.uniform_share = Tensor(1 - smoothing, self.dtype), Tensor(smoothing / width, self.dtype)

    def construct(self, outputs: Any, y: Any) -> Any:
        flat = outputs.reshape(-1, self.width)
        if self.labels:
            rows = ops.one_hot(
                y, self.width, self.on_value, self.off_value
            )  # one_hot refuses float64; whole numbers are cast exactly
            rows = rows.astype(self.dtype)
        else:
            rows = y.reshape(-1, self.width)
        smoothed_rows = rows * self.label_share + self.uniform_share if self.smoothed else rows
        return self.inner(flat, smoothed_rows, rows) if self.weighted else self.inner(flat, smoothed_rows)


def formula_loss(formula: Any, word: spec.Loss, setting: Setting, *numbers: float) -> Any:
    """The loss by a formula of each sample, with these numbers, in the reduction of the word."""
    dtype = getattr(ms, setting.precision)
    return WeightedReduction(Formula(formula, tuple(Tensor(number, dtype) for number in numbers)), word, setting)


# Keras has its own classes for these, and reduces the losses itself.

composed_mean_squared_error = formula_maker(formulas.mean_squared_error)
composed_mean_absolute_error = formula_maker(formulas.mean_absolute_error)
composed_huber = formula_maker(formulas.huber, "delta")
composed_softmax_cross_entropy = formula_maker(formulas.softmax_cross_entropy)
composed_sigmoid_cross_entropy = formula_maker(formulas.sigmoid_cross_entropy)
composed_hinge = formula_maker(formulas.hinge)
composed_squared_hinge = formula_maker(formulas.squared_hinge)


class Formula(nn.Cell):
    """A formula with its numbers, as a function of outputs and targets."""

    def __init__(self, function: Any, numbers: tuple[Any, ...]) -> None:
        super().__init__()
        self.function, self.numbers = function, numbers

    def construct(self, outputs: Any, target: Any) -> Any:
        return self.function(outputs, target, *self.numbers)


class WeightedReduction(nn.Cell):
    """The mean or the sum of the sample losses, weighted by the classes of `rows`, the targets without smoothing."""

    def __init__(self, inner: Any, word: spec.Loss, setting: Setting) -> None:
        super().__init__()
        weights = class_weights(word)
        self.inner, self.weighted, self.mean = inner, weights is not None, word.reduction == "mean"
        self.divides_by_weights = isinstance(word, spec.ClassLoss) and word.weighting == "sum_of_weights"
        self.weights = Tensor(weights or (1.0,), getattr(ms, setting.precision))

    def construct(self, outputs: Any, target: Any, rows: Any) -> Any:
        losses = self.inner(outputs, target)
        if not self.weighted:
            return losses.mean() if self.mean else losses.sum()
        sample_weights = (rows * self.weights).sum(-1)
        total = (losses * sample_weights).sum()
        if not self.mean:
            return total
        return total / sample_weights.sum() if self.divides_by_weights else total / losses.shape[0]


class SampleSum(nn.Cell):
    """The sum over the samples of the mean over their outputs."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def construct(self, outputs: Any, target: Any) -> Any:
        return self.inner(outputs, target).mean(-1).sum()
