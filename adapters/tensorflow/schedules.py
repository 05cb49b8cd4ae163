"""Learning-rate schedules in TensorFlow: `keras.optimizers.schedules` classes, and the float64 table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from keras.optimizers import schedules as ks

from adapters.forms import NativeClass, forms_with_table, rate_table
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Setting, native
from adapters.tensorflow.realisations.schedules import native_class, schedule
from harness.spec import schedules as spec


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form that the framework offers for the schedule, then the table; the one that it trains with is marked."""
    offer = native_class(word, setting)
    classes = [] if isinstance(offer, str) else [class_form(offer, word, setting)]
    return forms_with_table(word, classes, schedule(word, setting))


def learning_rate(word: spec.Schedule, horizon: int, setting: Setting) -> Any:
    """What the optimizer's `learning_rate` gets: a float, a LearningRateSchedule, or the table."""
    offer = native_class(word, setting)
    if isinstance(offer, str) or offer.differs:
        return table(word, horizon)
    return offer.make(word)


def class_form(offer: NativeClass, word: spec.Schedule, setting: Setting) -> ScheduleForm:
    made = offer.make(word)
    over_steps = _mapped(ConstantRate(made) if isinstance(made, float) else made, setting.mode)

    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(over_steps(tf.constant(steps, tf.int32)))

    return ScheduleForm(offer.form, native(offer.by), rate, differs=offer.differs)


# The classes: from step to rate, in float32.


def constant(s: spec.Constant) -> Any:
    return float(s.rate)


def exponential(s: spec.Exponential) -> Any:
    return ks.ExponentialDecay(s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)


def natural_exponential(s: spec.NaturalExponential) -> Any:
    # exp(-a * t) is exp(-1) ** (t / (1 / a)): the base is then a constant, whose rounding does not grow with 1 / a.
    return ks.ExponentialDecay(s.initial_rate, 1 / s.decay_rate, math.exp(-1))


def inverse_time(s: spec.InverseTime) -> Any:
    return ks.InverseTimeDecay(s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)


def polynomial(s: spec.Polynomial) -> Any:
    return ks.PolynomialDecay(s.initial_rate, s.decay_steps, s.end_rate, s.power, s.cycle)


def cosine(s: spec.Cosine) -> Any:
    return ks.CosineDecay(s.initial_rate, s.decay_steps, s.floor_ratio)


def cosine_min_max(s: spec.CosineMinMax) -> Any:
    return ks.CosineDecay(s.maximum, s.decay_steps, s.minimum / s.maximum)


def linear_warmup(s: spec.LinearWarmup) -> Any:
    return ks.PolynomialDecay(s.start_rate, s.warmup_steps, s.target_rate, 1.0)


class ConstantRate(ks.LearningRateSchedule):
    """A plain float rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def __call__(self, step: Any) -> Any:
        return tf.fill(tf.shape(step), tf.constant(self.rate, tf.float32))


def table(word: spec.Schedule, horizon: int) -> Any:
    """A rate per update, each rounded once."""
    return Table(rate_table(word, horizon).astype(np.float32))


# Keras alone has these classes too, and a schedule to look rates up in.


def cosine_restarts(s: spec.CosineRestarts) -> Any:
    factors = s.period_factor, s.peak_factor, s.floor_ratio
    return ks.CosineDecayRestarts(s.initial_rate, s.first_period, *factors)


def piecewise_constant(s: spec.PiecewiseConstant) -> Any:
    # Keras' boundaries are inclusive: the value changes at the step after.
    shift = 0 if s.boundary == "inclusive" else -1
    return ks.PiecewiseConstantDecay([boundary + shift for boundary in s.boundaries], list(s.values))


def warmup_then(s: spec.WarmupThen) -> Any:
    assert isinstance(s.then, spec.Cosine)
    warmup = {"warmup_target": s.then.initial_rate, "warmup_steps": s.warmup_steps}
    return ks.CosineDecay(s.start_rate, s.then.decay_steps, s.then.floor_ratio, **warmup)


class Table(ks.LearningRateSchedule):
    """A rate per update, looked up."""

    def __init__(self, rates: FloatArray) -> None:
        super().__init__()
        self.rates = tf.constant(rates)

    def __call__(self, step: Any) -> Any:
        return tf.gather(self.rates, tf.cast(step, tf.int32))


def _mapped(schedule: Any, mode: str) -> Any:
    """The schedule over a vector of steps, in one call, in the arm's mode: a graph may round otherwise than eager."""
    if mode == "eager" and not getattr(schedule, "warmup_steps", 0):
        return schedule

    # With a warm-up the class branches on a scalar step, so there it is mapped, which compiles it in any mode.
    def over_steps(steps: Any) -> Any:
        return tf.vectorized_map(schedule, steps)

    return over_steps if mode == "eager" else tf.function(over_steps, jit_compile=mode == "xla", autograph=False)
