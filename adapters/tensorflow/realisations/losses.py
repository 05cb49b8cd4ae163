"""How TensorFlow makes each loss, and by which function."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Entry, Make, Setting, by_precision, composed, native, resolve
from harness.spec import losses as spec

make = Makers("adapters.tensorflow.losses")

KERAS_EPSILON = 1e-7
OTHER_EPSILON = f"the native loss takes the epsilon of Keras' settings, {KERAS_EPSILON:g}"
LOGITS_TAKEN = "behind a softmax or a sigmoid the native loss takes the logits, and has no bounds"
NORMALIZES = "the native loss divides the outputs by their sum"
CONSTANTS_LOST = "the native loss takes its constants in float32"
ZERO_COMPETES = "in the native loss 0 is a rival of the label"
NAN_AT_0 = "under XLA the native gradient is NaN where all outputs are 0"
SUMS_CLASSES = "the native loss sums over the classes"
HAS_NONE = "Keras has none"


def with_epsilon(choice: Choice, formula_parts: str, formula: Make) -> Entry:
    """The `choice` where the epsilon is that of Keras, else the formula, made of `formula_parts`."""
    formula_choice = composed(formula_parts, OTHER_EPSILON, formula)
    return lambda word, setting: choice if word.epsilon == KERAS_EPSILON else formula_choice


def is_sparse(word: spec.Loss) -> bool:
    """Whether Keras gets the labels without one-hot encoding."""
    return isinstance(word, spec.SoftmaxCrossEntropy) and word.targets == "sparse" and not word.label_smoothing


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Choice:
    """Native, by the sparse class where labels need no smoothing."""
    by = f"keras.losses.{'Sparse' if is_sparse(word) else ''}CategoricalCrossentropy"
    return native(by, make.softmax_cross_entropy)


def categorical_cross_entropy(word: spec.CategoricalCrossEntropy, setting: Setting) -> Choice:
    """Composed without normalisation, else by the epsilon."""
    if not word.normalize:
        return composed("clip, log", NORMALIZES, make.composed_categorical_cross_entropy)
    return resolve(NORMALIZED_CROSS_ENTROPY, word, setting)


def cosine_similarity(word: spec.CosineSimilarity, setting: Setting) -> Choice:
    """Composed under XLA, else by the epsilon."""
    if setting.compiler == "xla":
        return composed("sqrt, where, sum", NAN_AT_0, make.composed_cosine_similarity)
    return resolve(COSINE_SIMILARITY, word, setting)


def kl_divergence(word: spec.KlDivergence, setting: Setting) -> Choice:
    """By the epsilon where the classes are summed, else composed."""
    if word.classes == "averaged":
        return composed("clip, log", SUMS_CLASSES, make.composed_kl_divergence)
    return resolve(KL_DIVERGENCE, word, setting)


def categorical_hinge(word: spec.CategoricalHinge, setting: Setting) -> Choice:
    """Native where 0 is a rival of the label, else composed."""
    if not word.zero_competes:
        return composed("where, max", ZERO_COMPETES, make.composed_categorical_hinge)
    return native("keras.losses.CategoricalHinge", make.categorical_hinge)


NORMALIZED_CROSS_ENTROPY = with_epsilon(
    composed("tf.reshape, keras.losses.CategoricalCrossentropy", LOGITS_TAKEN, make.categorical_cross_entropy),
    "clip, log",
    make.composed_categorical_cross_entropy,
)
KL_DIVERGENCE = with_epsilon(
    native("keras.losses.KLDivergence", make.kl_divergence), "clip, log", make.composed_kl_divergence
)
COSINE_SIMILARITY = with_epsilon(
    native("keras.losses.CosineSimilarity", make.cosine_similarity),
    "sqrt, where, sum",
    make.composed_cosine_similarity,
)

LOSSES: Entries = {
    spec.MeanSquaredError: native("keras.losses.MeanSquaredError", make.mean_squared_error),
    spec.MeanAbsoluteError: native("keras.losses.MeanAbsoluteError", make.mean_absolute_error),
    spec.MeanSquaredLogarithmicError: by_precision(
        with_epsilon(
            native("keras.losses.MeanSquaredLogarithmicError", make.mean_squared_logarithmic_error),
            "log1p, mean of squares",
            make.composed_mean_squared_logarithmic_error,
        ),
        composed("log1p, mean of squares", CONSTANTS_LOST, make.composed_mean_squared_logarithmic_error),
    ),
    spec.MeanAbsolutePercentageError: with_epsilon(
        native("keras.losses.MeanAbsolutePercentageError", make.mean_absolute_percentage_error),
        "abs, mean",
        make.composed_mean_absolute_percentage_error,
    ),
    spec.Huber: native("keras.losses.Huber", make.huber),
    spec.SmoothL1: composed("where, mean", HAS_NONE, make.composed_smooth_l1),
    spec.LogCosh: by_precision(
        native("keras.losses.LogCosh", make.log_cosh),
        composed("sinh, atanh, log1p", CONSTANTS_LOST, make.composed_log_cosh),
    ),
    spec.CosineSimilarity: cosine_similarity,
    spec.AsymmetricLinear: composed("where, mean", HAS_NONE, make.composed_asymmetric_linear),
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.CategoricalCrossEntropy: categorical_cross_entropy,
    spec.NegativeLogLikelihood: composed("where, sum", HAS_NONE, make.composed_negative_log_likelihood),
    spec.SigmoidCrossEntropy: native("keras.losses.BinaryCrossentropy(from_logits=True)", make.sigmoid_cross_entropy),
    spec.BinaryCrossEntropy: with_epsilon(
        composed("tf.reshape, keras.losses.BinaryCrossentropy", LOGITS_TAKEN, make.binary_cross_entropy),
        "clip, log",
        make.composed_binary_cross_entropy,
    ),
    spec.KlDivergence: kl_divergence,
    spec.Poisson: with_epsilon(native("keras.losses.Poisson", make.poisson), "log, mean", make.composed_poisson),
    spec.Hinge: native("keras.losses.Hinge", make.hinge),
    spec.SquaredHinge: native("keras.losses.SquaredHinge", make.squared_hinge),
    spec.CategoricalHinge: categorical_hinge,
    spec.Exponential: composed("exp, mean", HAS_NONE, make.composed_exponential),
}
