"""How TensorFlow makes each schedule that it trains with, and by which function: by a class of Keras or the table."""

from __future__ import annotations

from adapters.forms import FLOAT_RATE, Classes, NativeClass, Offer, schedule_realisation
from adapters.making import Makers
from adapters.setting import Entries, Make, Realisation, Setting
from harness.spec import schedules as spec
from harness.spec.base import family_members

make = Makers("adapters.tensorflow.schedules")

NO_CLASS = "no class; looked up by the step"


def native_class(word: spec.Schedule, setting: Setting) -> Offer:
    """The framework's class for the values of the schedule, or the reason why there is none."""
    entry = CLASSES.get(type(word))
    return NO_CLASS if entry is None else entry(word, setting)


def schedule(word: spec.Schedule, setting: Setting) -> Realisation:
    """How the schedule is made in this setting."""
    return schedule_realisation(native_class(word, setting), setting)


def constant(_: spec.Constant, setting: Setting) -> Offer:
    """A float."""
    return NativeClass(FLOAT_RATE, FLOAT_RATE, make.constant)


def exponential(s: spec.Exponential, setting: Setting) -> Offer:
    """ExponentialDecay, whose compiled staircase is late."""
    return _keras_class("ExponentialDecay", make.exponential, _late_when_compiled(s, setting, "staircase"))


def natural_exponential(s: spec.NaturalExponential, setting: Setting) -> Offer:
    """ExponentialDecay, without staircase."""
    return NO_CLASS if s.staircase or s.decay_rate == 0 else _keras_class("ExponentialDecay", make.natural_exponential)


def inverse_time(s: spec.InverseTime, setting: Setting) -> Offer:
    """InverseTimeDecay, whose compiled staircase is late."""
    return _keras_class("InverseTimeDecay", make.inverse_time, _late_when_compiled(s, setting, "staircase"))


def polynomial(s: spec.Polynomial, setting: Setting) -> Offer:
    """PolynomialDecay, which compiled departs from the spec for fractional powers and cycles."""
    fractional = setting.mode != "eager" and not float(s.power).is_integer()
    differs = "tensorflow-polynomial-fractional-power" if fractional else _late_when_compiled(s, setting, "cycle")
    return _keras_class("PolynomialDecay", make.polynomial, differs)


def cosine(_: spec.Cosine, setting: Setting) -> Offer:
    """CosineDecay."""
    return _keras_class("CosineDecay", make.cosine)


def cosine_min_max(s: spec.CosineMinMax, setting: Setting) -> Offer:
    """CosineDecay, for a maximum above 0."""
    # The floor of CosineDecay is a fraction of the maximum.
    return _keras_class("CosineDecay", make.cosine_min_max) if s.maximum > 0 else NO_CLASS


def linear_warmup(_: spec.LinearWarmup, setting: Setting) -> Offer:
    """PolynomialDecay of power 1, which loses digits by cancellation."""
    return _keras_class("PolynomialDecay", make.linear_warmup, "tensorflow-linear_warmup-cancels")


def cosine_restarts(s: spec.CosineRestarts, setting: Setting) -> Offer:
    """CosineDecayRestarts, which departs from the spec except in eager mode with equal periods."""
    late = "" if setting.mode == "eager" else "tensorflow-cosine_restarts-late"
    differs = late if s.period_factor == 1 else "tensorflow-cosine_restarts-logarithm"
    return _keras_class("CosineDecayRestarts", make.cosine_restarts, differs)


def piecewise_constant(_: spec.PiecewiseConstant, setting: Setting) -> Offer:
    """PiecewiseConstantDecay."""
    return _keras_class("PiecewiseConstantDecay", make.piecewise_constant)


def warmup_then(s: spec.WarmupThen, setting: Setting) -> Offer:
    """CosineDecay with its warm-up, if a cosine follows."""
    with_warmup = _keras_class("CosineDecay", make.warmup_then, form="CosineDecay(warmup)")
    return with_warmup if isinstance(s.then, spec.Cosine) and s.shifts else NO_CLASS


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

# A schedule without a class is made by the table, so that a new schedule needs no entry here.
SCHEDULES: Entries = dict.fromkeys(family_members(spec.Schedule), schedule)


def _keras_class(name: str, maker: Make, differs: str = "", form: str = "") -> Offer:
    return NativeClass(form or name, f"keras.optimizers.schedules.{name}", maker, differs)


def _late_when_compiled(word: spec.Schedule, setting: Setting, jumping: str) -> str:
    """The ledger's entry on a class whose compiled jumps are a step late; empty where the word does not jump."""
    late = setting.mode != "eager" and getattr(word, jumping)
    return f"tensorflow-{word.word()}-{jumping}-late" if late else ""
