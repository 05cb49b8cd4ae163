"""How MindSpore makes each schedule it trains with: by a class of its own, or by the table of rates.

Its functions and its stateful schedulers are forms too, which are checked and not trained with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.forms import TABLE
from adapters.setting import Entries, Realisation, Setting, composed, custom, native
from harness.spec import schedules as spec
from harness.spec.base import family_members

Choice = tuple[str, str]  # the class for these values, or why there is none
NO_CLASS = "no class; given as the list of rates"


def native_class(word: spec.Schedule) -> Choice:
    """The class that is the schedule for these values, by its public name; else why there is none."""
    return CLASSES.get(type(word), _none)(word)


def made(word: spec.Schedule, setting: Setting) -> Realisation:
    if setting.exact:
        return custom(TABLE, "the policy is exact, or the arm is in float64, where rates stay float32")
    name, reason = native_class(word)
    return native(name) if name else composed(TABLE, reason)


def _none(_: spec.Schedule) -> Choice:
    return "", NO_CLASS


def _unless(refused: str, name: str) -> Choice:
    return ("", f"{name} refuses {refused}; given as the list of rates") if refused else (name, "")


def constant(_: spec.Constant) -> Choice:
    return "learning_rate=float", ""


def exponential(s: spec.Exponential) -> Choice:
    return _unless("" if s.initial_rate > 0 else "an initial rate of 0", "nn.ExponentialDecayLR")


def natural_exponential(s: spec.NaturalExponential) -> Choice:
    return _unless("" if s.initial_rate > 0 and s.decay_rate > 0 else "a rate of 0", "nn.NaturalExpDecayLR")


def inverse_time(s: spec.InverseTime) -> Choice:
    return _unless("" if s.initial_rate > 0 and s.decay_rate > 0 else "a rate of 0", "nn.InverseDecayLR")


def polynomial(s: spec.Polynomial) -> Choice:
    return _unless("" if s.initial_rate > 0 else "an initial rate of 0", "nn.PolynomialDecayLR")


def cosine(s: spec.Cosine) -> Choice:
    flat = s.initial_rate * s.floor_ratio >= s.initial_rate
    return _unless("a minimum that is the maximum" if flat else "", "nn.CosineDecayLR")


def cosine_min_max(s: spec.CosineMinMax) -> Choice:
    return _unless("a minimum that is the maximum" if s.minimum >= s.maximum else "", "nn.CosineDecayLR")


def linear_warmup(s: spec.LinearWarmup) -> Choice:
    return _unless("a start other than 0" if s.start_rate != 0 else "", "nn.WarmUpLR")


CLASSES: dict[type[spec.Schedule], Callable[[Any], Choice]] = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.LinearWarmup: linear_warmup,
}

# By the table where there is no class: a schedule of one's own needs no entry here.
SCHEDULES: Entries = dict.fromkeys(family_members(spec.Schedule), made)
