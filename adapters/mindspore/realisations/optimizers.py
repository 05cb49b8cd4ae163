"""How MindSpore makes each optimizer and each weight decay."""

from __future__ import annotations

from collections.abc import Callable

from adapters.setting import EXACT, Entries, Realisation, Setting, composed, custom, native
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay

CANONICAL = "canonical rule from primitives"


def momentum(word: spec.HeavyBall | spec.Nesterov) -> Realisation:
    if word.form == "rate_inside":
        return composed("nn.SGD at rate 1, fed rate * gradient", "nn.SGD keeps the rate outside")
    return native("nn.SGD")


def adagrad(word: spec.Adagrad) -> Realisation:
    if word.epsilon_place == "outside_root":
        return custom(CANONICAL, "nn.Adagrad has no epsilon outside the root")
    return native("nn.Adagrad, from initial_accumulator + epsilon")


def rmsprop(word: spec.Rmsprop) -> Realisation:
    if not word.centered:
        return custom(CANONICAL, "nn.RMSProp has epsilon outside the root for some elements of a tensor")
    return composed("nn.RMSProp with mean squares of 0", "nn.RMSProp starts them at 1")


def beta_above_zero(made: Realisation) -> Callable[..., Realisation]:
    def choose(word: spec.Adam | spec.Adamw | spec.Adamax) -> Realisation:
        return made if word.beta1 and word.beta2 else custom(CANONICAL, f"{made.by} refuses a beta of 0")

    return choose


def adam(made: Realisation) -> Callable[..., Realisation]:
    def choose(word: spec.Adam | spec.Adamw) -> Realisation:
        if word.epsilon_place != "before_correction":
            return custom(CANONICAL, "nn.Adam adds epsilon before the bias is corrected")
        if not word.bias_correction:
            return custom(CANONICAL, "nn.Adam corrects the bias")
        return beta_above_zero(made)(word)

    return choose


def ftrl(word: spec.Ftrl) -> Realisation:
    if word.l1:
        return custom(CANONICAL, "ops.ApplyFtrl adds l1 where it should subtract it")
    return composed("ops.ApplyFtrl at the rate of the update", "nn.FTRL refuses a changing rate")


NATIVE: dict[type[spec.Optimizer], Realisation | Callable[..., Realisation]] = {
    spec.Sgd: native("nn.SGD"),
    spec.HeavyBall: momentum,
    spec.Nesterov: momentum,
    spec.Adagrad: adagrad,
    spec.Rmsprop: rmsprop,
    spec.Adadelta: native("nn.Adadelta"),
    spec.Adam: adam(native("nn.Adam")),
    spec.Adamw: adam(composed("ops.assign, then nn.Adam", "nn.AdamWeightDecay corrects no bias")),
    spec.Adamax: beta_above_zero(native("nn.AdaMax")),
    spec.Nadam: composed("experimental.optim.NAdam, its rate assigned", "it takes no schedule"),
    spec.Ftrl: ftrl,
    spec.Lion: custom(CANONICAL, "MindSpore has no Lion"),
    spec.Lamb: custom(CANONICAL, "nn.Lamb does not run on a CPU"),
    spec.Rprop: native("nn.Rprop"),
    spec.Asgd: native("nn.ASGD"),
}


def optimizer(word: spec.Optimizer, setting: Setting) -> Realisation:
    made = NATIVE[type(word)]
    if setting.exact:
        return EXACT
    return made if isinstance(made, Realisation) else made(word)


def weight_decay(word: decay.WeightDecay, setting: Setting) -> Realisation:
    if setting.exact:
        return EXACT
    own = "weight_decay= leaves out parameters whose name has beta or gamma in it"
    if isinstance(word, decay.Coupled):
        return composed("gradient + factor * weight before the optimizer", own)
    return composed("ops.assign of weight * (1 - rate * factor) before the optimizer", f"{own}, and is coupled")


OPTIMIZERS: Entries = dict.fromkeys(NATIVE, optimizer)

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
    decay.Coupled: weight_decay,
    decay.Decoupled: weight_decay,
}
