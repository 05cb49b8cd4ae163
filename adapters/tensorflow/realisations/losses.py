"""How TensorFlow makes each loss."""

from __future__ import annotations

from typing import Any

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import losses as spec

KERAS_EPSILON = 1e-7
OTHER_EPSILON = f"the native loss takes the epsilon of Keras' settings, {KERAS_EPSILON:g}"
LOGITS_TAKEN = "behind a softmax or a sigmoid the native loss takes the logits, and has no bounds"
NORMALIZES = "the native loss divides the outputs by their sum"
CONSTANTS_LOST = "the native loss takes its constants in float32"
ZERO_COMPETES = "in the native loss 0 is a rival of the label"
NAN_AT_0 = "under XLA the native gradient is NaN where all outputs are 0"
HAS_NONE = "Keras has none"


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Realisation:
    sparse = word.targets == "sparse" and not word.label_smoothing
    return native(f"keras.losses.{'Sparse' if sparse else ''}CategoricalCrossentropy")


def categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Realisation:
    if not word.normalize:
        return composed("clip, log", NORMALIZES)
    if word.epsilon != KERAS_EPSILON:
        return composed("clip, log", OTHER_EPSILON)
    return composed("tf.reshape, keras.losses.CategoricalCrossentropy", LOGITS_TAKEN)


def binary_cross_entropy(word: spec.BinaryCrossEntropy, setting: Setting) -> Realisation:
    if word.epsilon != KERAS_EPSILON:
        return composed("clip, log", OTHER_EPSILON)
    return composed("tf.reshape, keras.losses.BinaryCrossentropy", LOGITS_TAKEN)


def mean_squared_logarithmic_error(word: spec.MeanSquaredLogarithmicError, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("log1p, mean of squares", CONSTANTS_LOST)
    return with_epsilon("keras.losses.MeanSquaredLogarithmicError", "log1p, mean of squares")(word, setting)


def log_cosh(_: spec.LogCosh, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("expm1, log1p", CONSTANTS_LOST)
    return native("keras.losses.LogCosh")


def cosine_similarity(word: spec.CosineSimilarity, setting: Setting) -> Realisation:
    if setting.mode == "xla":
        return composed("sqrt, where, sum", NAN_AT_0)
    return with_epsilon("keras.losses.CosineSimilarity", "sqrt, where, sum")(word, setting)


def categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Realisation:
    return native("keras.losses.CategoricalHinge") if word.zero_competes else composed("where, max", ZERO_COMPETES)


def with_epsilon(by: str, otherwise: str) -> Any:
    """Native where the epsilon is that of Keras."""

    def entry(word: Any, setting: Setting) -> Realisation:
        return native(by) if word.epsilon == KERAS_EPSILON else composed(otherwise, OTHER_EPSILON)

    return entry


LOSSES: Entries = {
    spec.MeanSquaredError: native("keras.losses.MeanSquaredError"),
    spec.MeanAbsoluteError: native("keras.losses.MeanAbsoluteError"),
    spec.MeanSquaredLogarithmicError: mean_squared_logarithmic_error,
    spec.MeanAbsolutePercentageError: with_epsilon("keras.losses.MeanAbsolutePercentageError", "abs, mean"),
    spec.Huber: native("keras.losses.Huber"),
    spec.LogCosh: log_cosh,
    spec.CosineSimilarity: cosine_similarity,
    spec.AsymmetricLinear: composed("where, mean", HAS_NONE),
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.CategoricalCrossEntropy: categorical_cross_entropy,
    spec.NegativeLogLikelihood: composed("where, sum", HAS_NONE),
    spec.SigmoidCrossEntropy: native("keras.losses.BinaryCrossentropy(from_logits=True)"),
    spec.BinaryCrossEntropy: binary_cross_entropy,
    spec.KlDivergence: with_epsilon("keras.losses.KLDivergence", "clip, log"),
    spec.Poisson: with_epsilon("keras.losses.Poisson", "log, mean"),
    spec.Hinge: native("keras.losses.Hinge"),
    spec.SquaredHinge: native("keras.losses.SquaredHinge"),
    spec.CategoricalHinge: categorical_hinge,
    spec.Exponential: composed("exp, mean", HAS_NONE),
}
