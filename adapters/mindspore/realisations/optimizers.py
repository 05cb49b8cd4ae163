"""How MindSpore makes each optimizer, by which function, and each weight decay.

A custom word is made by its canonical rule, for which the row names no function.
"""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import (
    Choice,
    Entries,
    Entry,
    Make,
    Setting,
    Way,
    canonical,
    composed,
    for_groups,
    native,
    resolve,
    unless_exact,
)
from harness.spec import accumulation, averaging, lookahead
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay

make = Makers("adapters.mindspore.native_optimizers")

BY_NAME = "weight_decay= leaves out parameters whose name has beta or gamma in it"


def momentum(outside: Make, inside: Make) -> Entry:
    """Native with the rate outside the velocity, composed with the rate inside."""
    inside_choice = composed("nn.SGD at rate 1, fed rate * gradient", "nn.SGD keeps the rate outside", inside)
    return lambda word, setting: inside_choice if word.form == "rate_inside" else native("nn.SGD", outside)


def adagrad(word: spec.Adagrad, setting: Setting) -> Choice:
    """Canonical with epsilon outside the root, else native."""
    if word.epsilon_place == "outside_root":
        return canonical("nn.Adagrad has no epsilon outside the root")
    return native("nn.Adagrad, from initial_accumulator + epsilon", make.adagrad)


def rmsprop(word: spec.Rmsprop, setting: Setting) -> Choice:
    """Composed if centered, else canonical."""
    if not word.centered:
        return canonical("nn.RMSProp has epsilon outside the root for some elements of a tensor")
    return composed("nn.RMSProp with mean squares of 0", "nn.RMSProp starts them at 1", make.rmsprop)


def beta_above_zero(way: Way) -> Entry:
    """This way where both betas are above 0, else canonical."""
    canonical_choice = canonical(f"{way.realisation.by} refuses a beta of 0")
    return lambda word, setting: way if word.beta1 and word.beta2 else canonical_choice


def adam(way: Way) -> Entry:
    """This way for bias-corrected moments with epsilon added before the correction, else canonical."""

    def choose(word: spec.Adam | spec.Adamw, setting: Setting) -> Choice:
        if word.epsilon_place != "before_correction":
            return canonical("nn.Adam adds epsilon before the bias is corrected")
        if not word.bias_correction:
            return canonical("nn.Adam corrects the bias")
        return resolve(beta_above_zero(way), word, setting)

    return choose


def ftrl(word: spec.Ftrl, setting: Setting) -> Choice:
    """Canonical with L1, else composed."""
    if word.l1:
        return canonical("ops.ApplyFtrl adds l1 where it should subtract it")
    return composed("ops.ApplyFtrl at the rate of the update", "nn.FTRL refuses a changing rate", make.ftrl)


NATIVE: Entries = {
    spec.Sgd: native("nn.SGD", make.sgd),
    spec.HeavyBall: momentum(make.momentum, make.composed_momentum),
    spec.Nesterov: momentum(make.nesterov, make.composed_nesterov),
    spec.Adagrad: adagrad,
    spec.Rmsprop: rmsprop,
    spec.Adadelta: native("nn.Adadelta", make.adadelta),
    spec.Adam: adam(native("nn.Adam", make.adam)),
    spec.Adamw: adam(composed("ops.assign, then nn.Adam", "nn.AdamWeightDecay corrects no bias", make.adamw)),
    spec.Adamax: beta_above_zero(native("nn.AdaMax", make.adamax)),
    spec.Nadam: composed("experimental.optim.NAdam, its rate assigned", "it takes no schedule", make.nadam),
    spec.Ftrl: ftrl,
    spec.Lion: canonical("MindSpore has no Lion"),
    spec.Lamb: canonical("nn.Lamb does not run on a CPU"),
    spec.Rprop: composed("nn.Rprop, fed the signs of the gradients", "its products of gradients underflow", make.rprop),
    spec.Asgd: native("nn.ASGD", make.asgd),
}

OF_PARTS = "what is composed has one rate for all its parameters"
OPTIMIZERS: Entries = {word: unless_exact(for_groups(entry, True, OF_PARTS)) for word, entry in NATIVE.items()}

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
    decay.Coupled: unless_exact(composed("gradient + factor * weight before the optimizer", BY_NAME)),
    decay.Decoupled: unless_exact(
        composed("ops.assign of weight * (1 - rate * factor) before the optimizer", f"{BY_NAME}, and is coupled")
    ),
    decay.RateFree: unless_exact(
        composed("ops.assign of weight * (1 - factor) before the optimizer", f"{BY_NAME}, and is coupled")
    ),
}

SUMS = "sums of gradients in parameters, and a branch"

ACCUMULATIONS: Entries = {
    accumulation.NoAccumulation: native("no operation"),
    accumulation.MeanOfBatches: composed(SUMS, "boost.GradientAccumulation has no place for a clipping"),
    accumulation.SumOfBatches: composed(SUMS, "boost.GradientAccumulation takes the mean"),
}

LOOKAHEADS: Entries = {
    lookahead.NoLookahead: native("no operation"),
    lookahead.SlowWeights: unless_exact(
        composed("ops.assign of the slow weights after the optimizer", "MindSpore has no Lookahead")
    ),
}

AVERAGINGS: Entries = {
    averaging.NoAveraging: native("no operation"),
    averaging.Exponential: unless_exact(
        composed("ops.assign of the average after the optimizer", "MindSpore has no average of weights")
    ),
}
