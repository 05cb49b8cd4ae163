"""How MindSpore makes each schedule it trains with: by a class of its own, or by the table of rates.

Its functions are forms too, which are checked and not trained with.
"""

from __future__ import annotations

from adapters.forms import TABLE
from adapters.setting import Entries, Entry, Realisation, Setting, composed, native
from harness.spec import schedules as spec

NO_CLASS = "given as the list of rates"


def by_class(name: str) -> Entry:
    return lambda _, setting: Realisation("custom", TABLE) if setting.exact else native(name)


def table(_: spec.Schedule, setting: Setting) -> Realisation:
    return Realisation("custom", TABLE) if setting.exact else composed(TABLE, NO_CLASS)


SCHEDULES: Entries = {
    spec.Constant: by_class("learning_rate=float"),
    spec.Exponential: by_class("nn.ExponentialDecayLR"),
    spec.NaturalExponential: by_class("nn.NaturalExpDecayLR"),
    spec.InverseTime: by_class("nn.InverseDecayLR"),
    spec.Polynomial: by_class("nn.PolynomialDecayLR"),
    spec.Cosine: by_class("nn.CosineDecayLR"),
    spec.CosineMinMax: by_class("nn.CosineDecayLR"),
    spec.CosineRestarts: table,
    spec.PiecewiseConstant: table,
    spec.LinearWarmup: by_class("nn.WarmUpLR"),
    spec.WarmupThen: table,
}
