"""How TensorFlow makes each schedule it trains with: by a class of Keras, or by the table of rates."""

from __future__ import annotations

from adapters.forms import TABLE
from adapters.setting import Entries, Entry, Realisation, Setting, composed, native
from harness.spec import schedules as spec

NO_CLASS = "looked up by the step"


def by_class(name: str) -> Entry:
    return lambda _, setting: Realisation("custom", TABLE) if setting.exact else native(name)


def table(_: spec.Schedule, setting: Setting) -> Realisation:
    return Realisation("custom", TABLE) if setting.exact else composed(TABLE, NO_CLASS)


SCHEDULES: Entries = {
    spec.Constant: by_class("learning_rate=float"),
    spec.Exponential: by_class("keras ExponentialDecay"),
    spec.NaturalExponential: by_class("keras ExponentialDecay"),
    spec.InverseTime: by_class("keras InverseTimeDecay"),
    spec.Polynomial: by_class("keras PolynomialDecay"),
    spec.Cosine: by_class("keras CosineDecay"),
    spec.CosineMinMax: by_class("keras CosineDecay"),
    spec.CosineRestarts: by_class("keras CosineDecayRestarts"),
    spec.PiecewiseConstant: by_class("keras PiecewiseConstantDecay"),
    spec.LinearWarmup: table,
    spec.WarmupThen: table,
}
