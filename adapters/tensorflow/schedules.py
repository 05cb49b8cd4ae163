"""Learning-rate schedules in TensorFlow: `keras.optimizers.schedules`, classes written here, and the float64 table."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras.optimizers import schedules as ks

from adapters.forms import Offers, accepted, rate_table, with_table
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Setting, native
from adapters.tensorflow.realisations.schedules import class_for, differs, made, native_class
from harness.spec import schedules as spec


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form Keras offers for the schedule, then the table. Trains with the class where there is a right one."""
    different, (name, _) = differs(word, setting.mode), class_for(word)
    classes = [
        _class_form(form, name, built, setting.mode, different) for form, built in accepted(_classes(word)).items()
    ]
    return with_table(word, classes, made(word, setting))


def learning_rate(word: spec.Schedule, horizon: int, mode: str) -> Any:
    """What the optimizer's `learning_rate` gets: a float, a LearningRateSchedule, or the table as one."""
    if isinstance(word, spec.Constant):
        return float(word.rate)
    name, _ = native_class(word, mode)
    if not name:
        return Table(rate_table(word, horizon).astype(np.float32))
    (build,) = _classes(word).values()
    return build()


# The classes: a callable from step to rate, in float32. `accepted` drops those that refuse the values.


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


def _class_form(form: str, name: str, schedule: Any, mode: str, different: str) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(_mapped(schedule, mode)(tf.constant(steps, tf.int32)))

    return ScheduleForm(form, native(name), rate, differs=different)


def _mapped(schedule: Any, mode: str) -> Any:
    """The schedule over a vector of steps, in one call, in the arm's mode: a graph may round otherwise than eager."""
    if mode == "eager" and not getattr(schedule, "warmup_steps", 0):
        return schedule

    # With a warm-up the class branches on a scalar step, so there it is mapped, which compiles it in any mode.
    def over_steps(steps: Any) -> Any:
        return tf.vectorized_map(schedule, steps)

    return over_steps if mode == "eager" else tf.function(over_steps, jit_compile=mode == "xla", autograph=False)
