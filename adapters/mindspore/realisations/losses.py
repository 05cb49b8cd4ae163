"""How MindSpore makes each loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import losses as spec

SPARSE_IS_INFINITE = "with sparse=True its value is inf once a logit is 87 above the label's"
FLOAT64_REFUSED = "the native loss has no float64 kernel"
FLOAT64_LOST = "the native loss computes in float32 whatever it is given"
SUM_OF_SAMPLES = "the native sum runs over a sample's outputs too"
HAS_NONE = "MindSpore has none"
LABELS_ALONE = "the native loss takes class labels alone, and refuses float64"
BOUNDS = "the native loss has a gradient outside the bounds"
NO_BOUNDS = "the native loss has no bounds, and drops a target of 0"
FIRST_BATCH = "in PyNative the native gradient is divided by the size of the first batch"
EXP_COARSE = "MindSpore has none, and its exp in float32 is 2e-5 off far out"
PAIRS_ALONE = "the native loss takes pairs that are alike or not"
WEIGHTS = "the native reduction has no class weights"


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("max, exp, log", FLOAT64_REFUSED)
    by = "one-hot rows, nn.SoftmaxCrossEntropyWithLogits"
    if word.class_weights:
        return composed(f"{by}, weights", WEIGHTS)
    return composed(by, SPARSE_IS_INFINITE) if word.targets == "sparse" else native("nn.SoftmaxCrossEntropyWithLogits")


def of_mindspore(by: str, otherwise: str, in_float64: str) -> Callable[[Any, Setting], Realisation]:
    """The class `by` for a mean in float32."""

    def entry(word: spec.Loss, setting: Setting) -> Realisation:
        if setting.precision == "float64":
            return composed(otherwise, in_float64)
        return native(by) if word.reduction == "mean" else composed(f"{by}, sum", SUM_OF_SAMPLES)

    return entry


def sigmoid_cross_entropy(word: spec.SigmoidCrossEntropy, setting: Setting) -> Realisation:
    if setting.mode != "jit":
        return composed("where, exp, log1p", FIRST_BATCH)
    return of_mindspore("nn.BCEWithLogitsLoss", "where, exp, log1p", FLOAT64_REFUSED)(word, setting)


def binary_cross_entropy(_: spec.BinaryCrossEntropy, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("where, log", FLOAT64_REFUSED)
    return composed("where, nn.BCELoss", BOUNDS)


LOSSES: Entries = {
    spec.MeanSquaredError: of_mindspore("nn.MSELoss", "mean of squares", FLOAT64_LOST),
    spec.MeanAbsoluteError: of_mindspore("nn.L1Loss", "abs, mean", FLOAT64_LOST),
    spec.MeanSquaredLogarithmicError: composed("log1p, mean of squares", HAS_NONE),
    spec.MeanAbsolutePercentageError: composed("abs, mean", HAS_NONE),
    spec.Huber: of_mindspore("nn.HuberLoss", "where, mean", FLOAT64_LOST),
    spec.LogCosh: composed("expm1, log1p", HAS_NONE),
    spec.CosineSimilarity: composed("sqrt, where, sum", PAIRS_ALONE),
    spec.AsymmetricLinear: composed("where, mean", HAS_NONE),
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.CategoricalCrossEntropy: composed("where, log", HAS_NONE),
    spec.NegativeLogLikelihood: composed("where, sum", LABELS_ALONE),
    spec.SigmoidCrossEntropy: sigmoid_cross_entropy,
    spec.BinaryCrossEntropy: binary_cross_entropy,
    spec.KlDivergence: composed("where, log", NO_BOUNDS),
    spec.Poisson: of_mindspore("nn.PoissonNLLLoss", "log, mean", FLOAT64_LOST),
    spec.Hinge: composed("where, mean", HAS_NONE),
    spec.SquaredHinge: composed("where, mean of squares", HAS_NONE),
    spec.CategoricalHinge: composed("where, max", HAS_NONE),
    spec.Exponential: composed("exp in float64, mean", EXP_COARSE),
}
