"""How MindSpore makes each loss, and by which function."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Entry, Make, Setting, by_precision, composed, native, resolve
from harness.spec import losses as spec

make = Makers("adapters.mindspore.losses")

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


def by_reduction(by: str, maker: Make) -> Entry:
    """The class `by` as it is for a mean, and summed by the adapter for a sum."""
    sum_choice = composed(f"{by}, sum", SUM_OF_SAMPLES, maker)
    return lambda word, setting: native(by, maker) if word.reduction == "mean" else sum_choice


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Choice:
    """Native for dense targets without class weights, else composed."""
    by = "one-hot rows, nn.SoftmaxCrossEntropyWithLogits"
    if word.class_weights:
        return composed(f"{by}, weights", WEIGHTS, make.softmax_cross_entropy)
    if word.targets == "sparse":
        return composed(by, SPARSE_IS_INFINITE, make.softmax_cross_entropy)
    return native("nn.SoftmaxCrossEntropyWithLogits", make.softmax_cross_entropy)


def sigmoid_cross_entropy(word: spec.SigmoidCrossEntropy, setting: Setting) -> Choice:
    """By precision in compiled mode, composed in PyNative."""
    if setting.compiler != "jit":
        return composed("where, pow, atanh", FIRST_BATCH, make.composed_sigmoid_cross_entropy)
    return resolve(COMPILED_SIGMOID_CROSS_ENTROPY, word, setting)


COMPILED_SIGMOID_CROSS_ENTROPY = by_precision(
    by_reduction("nn.BCEWithLogitsLoss", make.sigmoid_cross_entropy),
    composed("where, pow, atanh", FLOAT64_REFUSED, make.composed_sigmoid_cross_entropy),
)


LOSSES: Entries = {
    spec.MeanSquaredError: by_precision(
        by_reduction("nn.MSELoss", make.mean_squared_error),
        composed("mean of squares", FLOAT64_LOST, make.composed_mean_squared_error),
    ),
    spec.MeanAbsoluteError: by_precision(
        by_reduction("nn.L1Loss", make.mean_absolute_error),
        composed("abs, mean", FLOAT64_LOST, make.composed_mean_absolute_error),
    ),
    spec.MeanSquaredLogarithmicError: composed(
        "log1p, mean of squares", HAS_NONE, make.composed_mean_squared_logarithmic_error
    ),
    spec.MeanAbsolutePercentageError: composed("abs, mean", HAS_NONE, make.composed_mean_absolute_percentage_error),
    spec.Huber: by_precision(
        by_reduction("nn.HuberLoss", make.huber),
        composed("where, mean", FLOAT64_LOST, make.composed_huber),
    ),
    spec.SmoothL1: by_precision(
        by_reduction("nn.SmoothL1Loss", make.smooth_l1),
        composed("where, mean", FLOAT64_LOST, make.composed_smooth_l1),
    ),
    spec.LogCosh: composed("sinh, atanh, pow", HAS_NONE, make.composed_log_cosh),
    spec.CosineSimilarity: composed("sqrt, where, sum", PAIRS_ALONE, make.composed_cosine_similarity),
    spec.AsymmetricLinear: composed("where, mean", HAS_NONE, make.composed_asymmetric_linear),
    spec.SoftmaxCrossEntropy: by_precision(
        softmax_cross_entropy, composed("max, exp, log", FLOAT64_REFUSED, make.composed_softmax_cross_entropy)
    ),
    spec.CategoricalCrossEntropy: composed("where, log", HAS_NONE, make.composed_categorical_cross_entropy),
    spec.NegativeLogLikelihood: composed("where, sum", LABELS_ALONE, make.composed_negative_log_likelihood),
    spec.SigmoidCrossEntropy: sigmoid_cross_entropy,
    spec.BinaryCrossEntropy: by_precision(
        composed("where, nn.BCELoss", BOUNDS, make.binary_cross_entropy),
        composed("where, log", FLOAT64_REFUSED, make.composed_binary_cross_entropy),
    ),
    spec.KlDivergence: composed("where, log", NO_BOUNDS, make.composed_kl_divergence),
    spec.Poisson: by_precision(
        by_reduction("nn.PoissonNLLLoss", make.poisson),
        composed("log, mean", FLOAT64_LOST, make.composed_poisson),
    ),
    spec.Hinge: composed("where, mean", HAS_NONE, make.composed_hinge),
    spec.SquaredHinge: composed("where, mean of squares", HAS_NONE, make.composed_squared_hinge),
    spec.CategoricalHinge: composed("where, max", HAS_NONE, make.composed_categorical_hinge),
    spec.Exponential: composed("exp in float64, mean", EXP_COARSE, make.composed_exponential),
}
