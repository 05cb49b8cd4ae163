"""How TensorFlow makes each schedule it trains with, and by which function: by a class of Keras, or by the table."""

from __future__ import annotations

from adapters.forms import FLOAT_RATE, Classes, NativeClass, Offer, schedule_realisation
from adapters.making import Makers
from adapters.setting import Entries, Make, Realisation, Setting
from harness.spec import schedules as spec
from harness.spec.base import family_members

make = Makers("adapters.tensorflow.schedules")

NO_CLASS = "no class; looked up by the step"


def native_class(word: spec.Schedule, setting: Setting) -> Offer:
    """The class that is meant for these values; else why there is none."""
    entry = CLASSES.get(type(word))
    return NO_CLASS if entry is None else entry(word, setting)


def schedule(word: spec.Schedule, setting: Setting) -> Realisation:
    return schedule_realisation(native_class(word, setting), setting)


def constant(_: spec.Constant, setting: Setting) -> Offer:
    return NativeClass(FLOAT_RATE, FLOAT_RATE, make.constant)


def exponential(s: spec.Exponential, setting: Setting) -> Offer:
    return _keras("ExponentialDecay", make.exponential, _compiled(s, setting, "staircase"))


def natural_exponential(s: spec.NaturalExponential, setting: Setting) -> Offer:
    return NO_CLASS if s.staircase or s.decay_rate == 0 else _keras("ExponentialDecay", make.natural_exponential)


def inverse_time(s: spec.InverseTime, setting: Setting) -> Offer:
    return _keras("InverseTimeDecay", make.inverse_time, _compiled(s, setting, "staircase"))


def polynomial(s: spec.Polynomial, setting: Setting) -> Offer:
    fractional = setting.mode != "eager" and not float(s.power).is_integer()
    differs = "tensorflow-polynomial-fractional-power" if fractional else _compiled(s, setting, "cycle")
    return _keras("PolynomialDecay", make.polynomial, differs)


def cosine(_: spec.Cosine, setting: Setting) -> Offer:
    return _keras("CosineDecay", make.cosine)


def cosine_min_max(s: spec.CosineMinMax, setting: Setting) -> Offer:
    # Its floor is a fraction of the maximum.
    return _keras("CosineDecay", make.cosine_min_max) if s.maximum > 0 else NO_CLASS


def linear_warmup(_: spec.LinearWarmup, setting: Setting) -> Offer:
    return _keras("PolynomialDecay", make.linear_warmup, "tensorflow-linear_warmup-cancels")


def cosine_restarts(s: spec.CosineRestarts, setting: Setting) -> Offer:
    late = "" if setting.mode == "eager" else "tensorflow-cosine_restarts-late"
    differs = late if s.period_factor == 1 else "tensorflow-cosine_restarts-logarithm"
    return _keras("CosineDecayRestarts", make.cosine_restarts, differs)


def piecewise_constant(_: spec.PiecewiseConstant, setting: Setting) -> Offer:
    return _keras("PiecewiseConstantDecay", make.piecewise_constant)


def warmup_then(s: spec.WarmupThen, setting: Setting) -> Offer:
    with_warmup = _keras("CosineDecay", make.warmup_then, form="CosineDecay(warmup)")
    return with_warmup if isinstance(s.then, spec.Cosine) else NO_CLASS


CLASSES: Classes = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.LinearWarmup: linear_warmup,
    spec.CosineRestarts: cosine_restarts,
    spec.PiecewiseConstant: piecewise_constant,
    spec.WarmupThen: warmup_then,
}

# By the table where there is no class: a schedule of one's own needs no entry here.
SCHEDULES: Entries = dict.fromkeys(family_members(spec.Schedule), schedule)


def _keras(name: str, maker: Make, differs: str = "", form: str = "") -> Offer:
    return NativeClass(form or name, f"keras.optimizers.schedules.{name}", maker, differs)


def _compiled(word: spec.Schedule, setting: Setting, jumping: str) -> str:
    """The ledger's entry on a class that jumps a step late once it is compiled; empty where the word does not jump."""
    late = setting.mode != "eager" and getattr(word, jumping)
    return f"tensorflow-{word.word()}-{jumping}-late" if late else ""
