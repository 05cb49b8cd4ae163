"""How TensorFlow makes each optimizer, by which function, and each weight decay.

What is custom is made by the canonical rule of its word, without a function of its own.
"""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Entry, Setting, Way, canonical, composed, native, unless_exact
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay

make = Makers("adapters.tensorflow.native_optimizers")


def rate_inside(made: Way) -> Entry:
    outside = canonical("keras SGD keeps the rate inside")
    return lambda word, setting: outside if word.form == "rate_outside" else made


def inside_root(made: Way) -> Entry:
    outside = canonical(f"{made.realisation.by} has epsilon inside the root")
    return lambda word, setting: outside if word.epsilon_place == "outside_root" else made


def adam(made: Way) -> Entry:
    def choose(word: spec.Adam | spec.Adamw, setting: Setting) -> Choice:
        if word.epsilon_place != "before_correction":
            return canonical(f"{made.realisation.by} adds epsilon before the bias is corrected")
        if not word.bias_correction:
            return canonical(f"{made.realisation.by} corrects the bias")
        return made

    return choose


def nadam(word: spec.Nadam, setting: Setting) -> Choice:
    if word.momentum_decay != 1:
        return canonical("keras Nadam has a momentum_decay of 1")
    return native("keras.optimizers.Nadam", make.nadam)


def lion(word: spec.Lion, setting: Setting) -> Choice:
    if word.beta1 == 0:
        return canonical("keras Lion refuses a beta1 of 0")
    return native("keras.optimizers.Lion", make.lion)


def lamb(word: spec.Lamb, setting: Setting) -> Choice:
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

OPTIMIZERS: Entries = {word: unless_exact(entry) for word, entry in NATIVE.items()}

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
    decay.Coupled: unless_exact(
        composed("gradient + factor * weight before the optimizer", "weight_decay= of Keras is decoupled")
    ),
    decay.Decoupled: unless_exact(
        composed("assign of weight * (1 - rate * factor) before the optimizer", "the same before every rule")
    ),
}
