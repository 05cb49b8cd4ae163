"""How TensorFlow makes each optimizer and each weight decay."""

from __future__ import annotations

from adapters.setting import EXACT, Entries, Realisation, Setting, custom, native, unless_exact
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay


def momentum(word: spec.HeavyBall | spec.Nesterov, setting: Setting) -> Realisation:
    if setting.exact:
        return EXACT
    if word.form == "rate_outside":
        return custom("keras.optimizers.SGD with its update written anew", "keras SGD keeps the rate inside")
    return native("keras.optimizers.SGD")


OPTIMIZERS: Entries = {
    spec.Sgd: unless_exact(native("keras.optimizers.SGD")),
    spec.HeavyBall: momentum,
    spec.Nesterov: momentum,
    spec.Adam: unless_exact(native("keras.optimizers.Adam")),
}

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
}
