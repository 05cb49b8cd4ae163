"""How MindSpore makes each schedule that it trains with, and by which function: by its own class, or by the table.

The functions and the stateful schedulers of MindSpore are further forms, which are checked and never trained with.
"""

from __future__ import annotations

from adapters.forms import FLOAT_RATE, Classes, NativeClass, Offer, schedule_realisation
from adapters.making import Makers
from adapters.setting import Entries, Make, Realisation, Setting
from harness.spec import schedules as spec
from harness.spec.base import family_members

make = Makers("adapters.mindspore.schedules")

NO_CLASS = "no class; given as the list of rates"


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
    """nn.ExponentialDecayLR, for a rate above 0."""
    refused = "" if s.initial_rate > 0 else "an initial rate of 0"
    return _unless(refused, "nn.ExponentialDecayLR", make.exponential)


def natural_exponential(s: spec.NaturalExponential, setting: Setting) -> Offer:
    """nn.NaturalExpDecayLR, for rates above 0."""
    refused = "" if s.initial_rate > 0 and s.decay_rate > 0 else "a rate of 0"
    return _unless(refused, "nn.NaturalExpDecayLR", make.natural_exponential)


def inverse_time(s: spec.InverseTime, setting: Setting) -> Offer:
    """nn.InverseDecayLR, for rates above 0."""
    refused = "" if s.initial_rate > 0 and s.decay_rate > 0 else "a rate of 0"
    return _unless(refused, "nn.InverseDecayLR", make.inverse_time)


def polynomial(s: spec.Polynomial, setting: Setting) -> Offer:
    """nn.PolynomialDecayLR, for a rate above 0."""
    refused = "" if s.initial_rate > 0 else "an initial rate of 0"
    return _unless(refused, "nn.PolynomialDecayLR", make.polynomial)


def cosine(s: spec.Cosine, setting: Setting) -> Offer:
    """nn.CosineDecayLR, for a minimum below the maximum."""
    refused = "a minimum that is the maximum" if s.initial_rate * s.floor_ratio >= s.initial_rate else ""
    return _unless(refused, "nn.CosineDecayLR", make.cosine)


def cosine_min_max(s: spec.CosineMinMax, setting: Setting) -> Offer:
    """nn.CosineDecayLR, for a minimum below the maximum."""
    refused = "a minimum that is the maximum" if s.minimum >= s.maximum else ""
    return _unless(refused, "nn.CosineDecayLR", make.cosine_min_max)


def linear_warmup(s: spec.LinearWarmup, setting: Setting) -> Offer:
    """nn.WarmUpLR, for a start at 0."""
    return _unless("a start other than 0" if s.start_rate != 0 else "", "nn.WarmUpLR", make.linear_warmup)


CLASSES: Classes = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.LinearWarmup: linear_warmup,
}

# A schedule without a class is made by the table, so that a new schedule needs no entry here.
SCHEDULES: Entries = dict.fromkeys(family_members(spec.Schedule), schedule)


def _unless(refused_values: str, name: str, make_class: Make) -> Offer:
    if refused_values:
        return f"{name} refuses {refused_values}; given as the list of rates"
    return NativeClass(name, name, make_class)
