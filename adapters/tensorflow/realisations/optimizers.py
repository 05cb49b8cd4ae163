"""How TensorFlow makes each optimizer and each weight decay."""

from __future__ import annotations

from collections.abc import Callable

from adapters.setting import EXACT, Entries, Realisation, Setting, composed, custom, native
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay

CANONICAL = "canonical rule from primitives"


def momentum(word: spec.HeavyBall | spec.Nesterov) -> Realisation:
    if word.form == "rate_outside":
        return custom(CANONICAL, "keras SGD keeps the rate inside")
    return native("keras.optimizers.SGD")


def inside_root(made: Realisation) -> Callable[..., Realisation]:
    def choose(word: spec.Adagrad | spec.Rmsprop) -> Realisation:
        if word.epsilon_place == "outside_root":
            return custom(CANONICAL, f"{made.by} has epsilon inside the root")
        return made

    return choose


def adam(made: Realisation) -> Callable[..., Realisation]:
    def choose(word: spec.Adam | spec.Adamw) -> Realisation:
        if word.epsilon_place != "before_correction":
            return custom(CANONICAL, f"{made.by} adds epsilon before the bias is corrected")
        return made if word.bias_correction else custom(CANONICAL, f"{made.by} corrects the bias")

    return choose


def nadam(word: spec.Nadam) -> Realisation:
    if word.momentum_decay != 1:
        return custom(CANONICAL, "keras Nadam has a momentum_decay of 1")
    return native("keras.optimizers.Nadam")


def lion(word: spec.Lion) -> Realisation:
    if word.beta1 == 0:
        return custom(CANONICAL, "keras Lion refuses a beta1 of 0")
    return native("keras.optimizers.Lion")


def lamb(word: spec.Lamb) -> Realisation:
    if word.decay == "inside":
        return custom(CANONICAL, "keras Lamb decays beside the trust ratio")
    return native("keras.optimizers.Lamb")


NATIVE: dict[type[spec.Optimizer], Realisation | Callable[..., Realisation]] = {
    spec.Sgd: native("keras.optimizers.SGD"),
    spec.HeavyBall: momentum,
    spec.Nesterov: momentum,
    spec.Adagrad: inside_root(native("keras.optimizers.Adagrad")),
    spec.Rmsprop: inside_root(native("keras.optimizers.RMSprop")),
    spec.Adadelta: native("keras.optimizers.Adadelta"),
    spec.Adam: adam(native("keras.optimizers.Adam")),
    spec.Adamw: adam(native("keras.optimizers.AdamW")),
    spec.Adamax: native("keras.optimizers.Adamax"),
    spec.Nadam: nadam,
    spec.Ftrl: native("keras.optimizers.Ftrl"),
    spec.Lion: lion,
    spec.Lamb: lamb,
    spec.Rprop: custom(CANONICAL, "Keras has no Rprop"),
    spec.Asgd: custom(CANONICAL, "Keras has no ASGD"),
}


def optimizer(word: spec.Optimizer, setting: Setting) -> Realisation:
    made = NATIVE[type(word)]
    if setting.exact:
        return EXACT
    return made if isinstance(made, Realisation) else made(word)


def weight_decay(word: decay.WeightDecay, setting: Setting) -> Realisation:
    if setting.exact:
        return EXACT
    if isinstance(word, decay.Coupled):
        return composed("gradient + factor * weight before the optimizer", "weight_decay= of Keras is decoupled")
    return composed("assign of weight * (1 - rate * factor) before the optimizer", "the same before every rule")


OPTIMIZERS: Entries = dict.fromkeys(NATIVE, optimizer)

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
    decay.Coupled: weight_decay,
    decay.Decoupled: weight_decay,
}
