"""Learning-rate schedules in TensorFlow: `keras.optimizers.schedules`, classes written here, and the float64 table."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras.optimizers import schedules as ks

from adapters.forms import Offers, accepted, rate_table, table_form
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Realisation
from harness.spec import schedules as spec


def schedule_forms(word: spec.Schedule, exact: bool, mode: str) -> tuple[ScheduleForm, ...]:
    """Every form Keras offers for the schedule, then the table. Trains with the class where there is a right one."""
    different = differs(word, mode)
    classes = [_class_form(name, built, mode) for name, built in accepted(_classes(word)).items()]
    table = table_form(word, exact, "looked up by the step")
    used = table if exact or different or not classes else classes[0]
    return tuple(
        ScheduleForm(form.name, form.realisation, form.rate, form is used, "" if form is table else different)
        for form in (*classes, table)
    )


def learning_rate(word: spec.Schedule, horizon: int, mode: str) -> Any:
    """What the optimizer's `learning_rate` gets: a float, a LearningRateSchedule, or the table as one."""
    if isinstance(word, spec.Constant):
        return float(word.rate)
    classes = {} if differs(word, mode) else accepted(_classes(word))
    return next(iter(classes.values()), None) or Table(rate_table(word, horizon).astype(np.float32))


def differs(word: spec.Schedule, mode: str) -> str:
    """Why Keras' class is not the spec, for some numbers at least; empty where it is."""
    if isinstance(word, spec.LinearWarmup):
        return "computes (start - target) * (1 - t / W) + target, which cancels near step 0"
    if isinstance(word, spec.CosineRestarts) and word.period_factor != 1:
        return "finds the period from a float32 logarithm, which may fall on the wrong side of a restart"
    fractional = isinstance(word, spec.Polynomial) and not float(word.power).is_integer()
    if fractional and mode != "eager":
        return "a compiled graph turns t / D into t * (1 / D): at the end 1 - t / D is not 0, its power far off or NaN"
    rounds = isinstance(word, spec.CosineRestarts) or getattr(word, "staircase", False) or getattr(word, "cycle", False)
    if rounds and mode != "eager":
        # 41 is the smallest: float32(41) * float32(1 / 41) is below 1, so that its floor is 0.
        return "a compiled graph turns t / D into t * (1 / D), so that the floor comes a step late for some D"
    return ""


# The classes: a callable from step to rate, in float32. `_buildable` drops those that refuse the values.


def constant(s: spec.Constant) -> Offers:
    return {"learning_rate=float": partial(ConstantRate, s.rate)}


def exponential(s: spec.Exponential) -> Offers:
    build = partial(ks.ExponentialDecay, s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)
    return {"ExponentialDecay": build}


def natural_exponential(s: spec.NaturalExponential) -> Offers:
    if s.staircase or s.decay_rate == 0:
        return {}
    # exp(-a * t) is exp(-1) ** (t / (1 / a)): the base is then a constant, whose rounding does not grow with 1 / a.
    return {"ExponentialDecay": partial(ks.ExponentialDecay, s.initial_rate, 1 / s.decay_rate, math.exp(-1))}


def inverse_time(s: spec.InverseTime) -> Offers:
    build = partial(ks.InverseTimeDecay, s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)
    return {"InverseTimeDecay": build}


def polynomial(s: spec.Polynomial) -> Offers:
    build = partial(ks.PolynomialDecay, s.initial_rate, s.decay_steps, s.end_rate, s.power, s.cycle)
    return {"PolynomialDecay": build}


def cosine(s: spec.Cosine) -> Offers:
    return {"CosineDecay": partial(ks.CosineDecay, s.initial_rate, s.decay_steps, s.floor_ratio)}


def cosine_min_max(s: spec.CosineMinMax) -> Offers:
    if s.maximum == 0:
        return {}
    return {"CosineDecay": partial(ks.CosineDecay, s.maximum, s.decay_steps, s.minimum / s.maximum)}


def cosine_restarts(s: spec.CosineRestarts) -> Offers:
    build = partial(
        ks.CosineDecayRestarts, s.initial_rate, s.first_period, s.period_factor, s.peak_factor, s.floor_ratio
    )
    return {"CosineDecayRestarts": build}


def piecewise_constant(s: spec.PiecewiseConstant) -> Offers:
    # Keras' boundaries are inclusive: the value changes at the step after.
    shift = 0 if s.boundary == "inclusive" else -1
    boundaries = [boundary + shift for boundary in s.boundaries]
    return {"PiecewiseConstantDecay": partial(ks.PiecewiseConstantDecay, boundaries, list(s.values))}


def linear_warmup(s: spec.LinearWarmup) -> Offers:
    return {"PolynomialDecay": partial(ks.PolynomialDecay, s.start_rate, s.warmup_steps, s.target_rate, 1.0)}


def warmup_then(s: spec.WarmupThen) -> Offers:
    if not isinstance(s.then, spec.Cosine):
        return {}
    then = s.then
    build = partial(
        ks.CosineDecay,
        s.start_rate,
        then.decay_steps,
        then.floor_ratio,
        warmup_target=then.initial_rate,
        warmup_steps=s.warmup_steps,
    )
    return {"CosineDecay(warmup)": build}


CLASSES: dict[type[spec.Schedule], Callable[[Any], Offers]] = {
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


class ConstantRate(ks.LearningRateSchedule):
    """A plain float rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def __call__(self, step: Any) -> Any:
        return tf.fill(tf.shape(step), tf.constant(self.rate, tf.float32))


class Table(ks.LearningRateSchedule):
    """A rate per update, looked up."""

    def __init__(self, rates: FloatArray) -> None:
        super().__init__()
        self.rates = tf.constant(rates)

    def __call__(self, step: Any) -> Any:
        return tf.gather(self.rates, tf.cast(step, tf.int32))


def _classes(word: spec.Schedule) -> Offers:
    return CLASSES.get(type(word), _none)(word)


def _none(_: spec.Schedule) -> Offers:
    return {}


def _class_form(name: str, schedule: Any, mode: str) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(_mapped(schedule, mode)(tf.constant(steps, tf.int32)))

    return ScheduleForm(name, Realisation("native", f"keras {name}"), rate)


def _mapped(schedule: Any, mode: str) -> Any:
    """The schedule over a vector of steps, in one call, in the arm's mode: a graph may round otherwise than eager."""
    if mode == "eager" and not getattr(schedule, "warmup_steps", 0):
        return schedule

    # With a warm-up the class branches on a scalar step, so there it is mapped, which compiles it in any mode.
    def over_steps(steps: Any) -> Any:
        return tf.vectorized_map(schedule, steps)

    return over_steps if mode == "eager" else tf.function(over_steps, jit_compile=mode == "xla", autograph=False)
