"""How TensorFlow makes each optimizer, by which function, and each weight decay.

A custom word is made by its canonical rule, for which the row names no function.
"""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import (
    Choice,
    Entries,
    Entry,
    Setting,
    Way,
    canonical,
    composed,
    for_groups,
    native,
    unless_exact,
)
from harness.spec import accumulation, averaging, lookahead
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay

make = Makers("adapters.tensorflow.native_optimizers")


def rate_inside(way: Way) -> Entry:
    """This way with the rate inside the velocity, else canonical."""
    canonical_choice = canonical("keras SGD keeps the rate inside")
    return lambda word, setting: canonical_choice if word.form == "rate_outside" else way


def inside_root(way: Way) -> Entry:
    """This way with epsilon inside the root, else canonical."""
    canonical_choice = canonical(f"{way.realisation.by} has epsilon inside the root")
    return lambda word, setting: canonical_choice if word.epsilon_place == "outside_root" else way


def adam(way: Way) -> Entry:
    """This way for bias-corrected moments with epsilon added before the correction, else canonical."""

    def choose(word: spec.Adam | spec.Adamw, setting: Setting) -> Choice:
        if word.epsilon_place != "before_correction":
            return canonical(f"{way.realisation.by} adds epsilon before the bias is corrected")
        if not word.bias_correction:
            return canonical(f"{way.realisation.by} corrects the bias")
        return way

    return choose


def nadam(word: spec.Nadam, setting: Setting) -> Choice:
    """Native for a momentum decay of 1, else canonical."""
    if word.momentum_decay != 1:
        return canonical("keras Nadam has a momentum_decay of 1")
    return native("keras.optimizers.Nadam", make.nadam)


def lion(word: spec.Lion, setting: Setting) -> Choice:
    """Native for a beta1 above 0, else canonical."""
    if word.beta1 == 0:
        return canonical("keras Lion refuses a beta1 of 0")
    return native("keras.optimizers.Lion", make.lion)


def lamb(word: spec.Lamb, setting: Setting) -> Choice:
    """Native for a decoupled decay, else canonical."""
    if word.decay == "inside":
        return canonical("keras Lamb decays beside the trust ratio")
    return native("keras.optimizers.Lamb", make.lamb)


NATIVE: Entries = {
    spec.Sgd: native("keras.optimizers.SGD", make.sgd),
    spec.HeavyBall: rate_inside(native("keras.optimizers.SGD", make.momentum)),
    spec.Nesterov: rate_inside(native("keras.optimizers.SGD", make.nesterov)),
    spec.Adagrad: inside_root(native("keras.optimizers.Adagrad", make.adagrad)),
    spec.Rmsprop: inside_root(native("keras.optimizers.RMSprop", make.rmsprop)),
    spec.Adadelta: native("keras.optimizers.Adadelta", make.adadelta),
    spec.Adam: adam(native("keras.optimizers.Adam", make.adam)),
    spec.Adamw: adam(native("keras.optimizers.AdamW", make.adamw)),
    spec.Adamax: native("keras.optimizers.Adamax", make.adamax),
    spec.Nadam: nadam,
    spec.Ftrl: native("keras.optimizers.Ftrl", make.ftrl),
    spec.Lion: lion,
    spec.Lamb: lamb,
    spec.Rprop: canonical("Keras has no Rprop"),
    spec.Asgd: canonical("Keras has no ASGD"),
}

ONE_RATE = "an optimizer of Keras has one rate and one weight_decay for all its parameters"
OPTIMIZERS: Entries = {word: unless_exact(for_groups(entry, False, ONE_RATE)) for word, entry in NATIVE.items()}

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
    decay.Coupled: unless_exact(
        composed("gradient + factor * weight before the optimizer", "weight_decay= of Keras is decoupled")
    ),
    decay.Decoupled: unless_exact(
        composed("assign of weight * (1 - rate * factor) before the optimizer", "the same before every rule")
    ),
    decay.RateFree: unless_exact(
        composed("assign of weight * (1 - factor) before the optimizer", "weight_decay= of Keras follows the rate")
    ),
}

SUMS = "sums of gradients in variables, tf.cond"
COUNTS_BATCHES = "gradient_accumulation_steps of Keras reads the schedule at the number of the batch"
BESIDE = "clipping and weight decay, which are not in the optimizer, come after it"

ACCUMULATIONS: Entries = {
    accumulation.NoAccumulation: native("no operation"),
    accumulation.MeanOfBatches: lambda word, setting: composed(
        SUMS, COUNTS_BATCHES if word.schedule_counts == "updates" else BESIDE
    ),
    accumulation.SumOfBatches: composed(SUMS, "gradient_accumulation_steps of Keras takes the mean"),
}

EVERY_BATCH = "use_ema of Keras averages after every batch of a group, and before a look-ahead"

LOOKAHEADS: Entries = {
    lookahead.NoLookahead: native("no operation"),
    lookahead.SlowWeights: unless_exact(
        composed("assign of the slow weights after the optimizer", "Keras has no Lookahead")
    ),
}

AVERAGINGS: Entries = {
    averaging.NoAveraging: native("no operation"),
    averaging.Exponential: unless_exact(composed("assign of the average after the optimizer", EVERY_BATCH)),
}
