"""How TensorFlow makes each schedule it trains with: by a class of Keras, or by the table of rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.forms import TABLE
from adapters.setting import Entries, Realisation, Setting, composed, custom, native
from harness.spec import schedules as spec
from harness.spec.base import family_members

Choice = tuple[str, str]  # the class for these values, or why there is none
KERAS = "keras.optimizers.schedules"
NO_CLASS = "no class; looked up by the step"


def native_class(word: spec.Schedule, mode: str) -> Choice:
    """The class that is the schedule for these values, by its public name; else why there is none."""
    name, reason = class_for(word)
    different = differs(word, mode)
    return ("", f"{name} differs, see the ledger: {different}") if name and different else (name, reason)


def class_for(word: spec.Schedule) -> Choice:
    """The class that is meant for these values, right or not; else why there is none."""
    return CLASSES.get(type(word), _none)(word)


def differs(word: spec.Schedule, mode: str) -> str:
    """The ledger's entry for Keras' class where it is not the spec, for some numbers at least; empty where it is."""
    if isinstance(word, spec.LinearWarmup):
        return "tensorflow-linear_warmup-cancels"
    if isinstance(word, spec.CosineRestarts) and word.period_factor != 1:
        return "tensorflow-cosine_restarts-logarithm"
    if mode == "eager":
        return ""
    if isinstance(word, spec.Polynomial) and not float(word.power).is_integer():
        return "tensorflow-polynomial-fractional-power"
    if isinstance(word, spec.CosineRestarts):
        return "tensorflow-cosine_restarts-late"
    if getattr(word, "cycle", False):
        return "tensorflow-polynomial-cycle-late"
    return f"tensorflow-{word.word()}-staircase-late" if getattr(word, "staircase", False) else ""


def made(word: spec.Schedule, setting: Setting) -> Realisation:
    if setting.exact:
        return custom(TABLE, "the policy is exact, or the arm is in float64, where rates stay float32")
    name, reason = native_class(word, setting.mode)
    return native(name) if name else composed(TABLE, reason)


def _none(_: spec.Schedule) -> Choice:
    return "", NO_CLASS


def constant(_: spec.Constant) -> Choice:
    return "learning_rate=float", ""


def exponential(_: spec.Exponential) -> Choice:
    return f"{KERAS}.ExponentialDecay", ""


def natural_exponential(s: spec.NaturalExponential) -> Choice:
    if s.staircase or s.decay_rate == 0:
        return "", NO_CLASS
    return f"{KERAS}.ExponentialDecay", ""


def inverse_time(_: spec.InverseTime) -> Choice:
    return f"{KERAS}.InverseTimeDecay", ""


def polynomial(_: spec.Polynomial) -> Choice:
    return f"{KERAS}.PolynomialDecay", ""


def cosine(_: spec.Cosine) -> Choice:
    return f"{KERAS}.CosineDecay", ""


def cosine_min_max(s: spec.CosineMinMax) -> Choice:
    # Its floor is a fraction of the maximum.
    return (f"{KERAS}.CosineDecay", "") if s.maximum > 0 else ("", NO_CLASS)


def cosine_restarts(_: spec.CosineRestarts) -> Choice:
    return f"{KERAS}.CosineDecayRestarts", ""


def piecewise_constant(_: spec.PiecewiseConstant) -> Choice:
    return f"{KERAS}.PiecewiseConstantDecay", ""


def linear_warmup(_: spec.LinearWarmup) -> Choice:
    return f"{KERAS}.PolynomialDecay", ""


def warmup_then(s: spec.WarmupThen) -> Choice:
    return (f"{KERAS}.CosineDecay", "") if isinstance(s.then, spec.Cosine) else ("", NO_CLASS)


CLASSES: dict[type[spec.Schedule], Callable[[Any], Choice]] = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.CosineRestarts: cosine_restarts,
    spec.PiecewiseConstant: piecewise_constant,
    spec.LinearWarmup: linear_warmup,
    spec.WarmupThen: warmup_then,
}

# By the table where there is no class: a schedule of one's own needs no entry here.
SCHEDULES: Entries = dict.fromkeys(family_members(spec.Schedule), made)
