"""How MindSpore makes each optimizer and each weight decay."""

from __future__ import annotations

from adapters.setting import EXACT, Entries, Realisation, Setting, composed, native, unless_exact
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay


def momentum(word: spec.HeavyBall | spec.Nesterov, setting: Setting) -> Realisation:
    if setting.exact:
        return EXACT
    if word.form == "rate_inside":
        return composed("nn.SGD at rate 1, fed rate * gradient", "nn.SGD keeps the rate outside")
    return native("nn.SGD")


OPTIMIZERS: Entries = {
    spec.Sgd: unless_exact(native("nn.SGD")),
    spec.HeavyBall: momentum,
    spec.Nesterov: momentum,
    spec.Adam: unless_exact(native("nn.Adam")),
}

WEIGHT_DECAYS: Entries = {
    decay.NoWeightDecay: native("no operation"),
}
