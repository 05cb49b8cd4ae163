"""Learning-rate schedules in TensorFlow: the classes of `keras.optimizers.schedules`, and the float64 table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from keras.optimizers import schedules as ks

from adapters.forms import NativeClass, forms_with_table, update_rates
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Setting, native
from adapters.tensorflow.realisations.schedules import native_class, schedule
from harness.spec import schedules as spec
from harness.spec.accumulation import Accumulation
from harness.spec.recipe import Update


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form that the framework offers for the schedule, then the table. The form that the arm uses is marked."""
    offer = native_class(word, setting)
    classes = [] if isinstance(offer, str) else [class_form(offer, word, setting)]
    return forms_with_table(word, classes, schedule(word, setting))


def learning_rate(update: Update, horizon: int, setting: Setting) -> Any:
    """The argument for an optimizer's `learning_rate`: a float, a LearningRateSchedule, or the table.

    `horizon`: the number of batches.
    """
    offer = native_class(update.schedule, setting)
    if isinstance(offer, str) or offer.differs:
        return table(update, horizon)
    rate = offer.make(update.schedule)
    if isinstance(rate, float):
        return update.rate_factor * rate
    if update.accumulation.schedule_step(0):
        rate = AtLastBatch(rate, update.accumulation)
    return rate if update.rate_factor == 1 else MultipliedRate(rate, update.rate_factor)


def class_form(offer: NativeClass, word: spec.Schedule, setting: Setting) -> ScheduleForm:
    """The form of the framework's own class."""
    native_rate = offer.make(word)
    schedule_object = ConstantRate(native_rate) if isinstance(native_rate, float) else native_rate
    rates_of_steps = _vectorised(schedule_object, setting.mode)

    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(rates_of_steps(tf.constant(steps, tf.int32)))

    return ScheduleForm(offer.form, native(offer.by), rate, differs=offer.differs)


# The classes compute the rate from the step in float32.


def constant(s: spec.Constant) -> Any:
    """The rate as a float."""
    return float(s.rate)


def exponential(s: spec.Exponential) -> Any:
    """`initial * decay_rate ** (t / decay_steps)`, with floor if staircase."""
    return ks.ExponentialDecay(s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)


def natural_exponential(s: spec.NaturalExponential) -> Any:
    """`initial * exp(-decay_rate * t)`."""
    # exp(-a * t) is exp(-1) ** (t / (1 / a)). The base is a constant, whose rounding error does not grow with 1 / a.
    return ks.ExponentialDecay(s.initial_rate, 1 / s.decay_rate, math.exp(-1))


def inverse_time(s: spec.InverseTime) -> Any:
    """`initial / (1 + decay_rate * t / decay_steps)`, with floor if staircase."""
    return ks.InverseTimeDecay(s.initial_rate, s.decay_steps, s.decay_rate, s.staircase)


def polynomial(s: spec.Polynomial) -> Any:
    """`(initial - end) * (1 - t / decay_steps) ** power + end`."""
    return ks.PolynomialDecay(s.initial_rate, s.decay_steps, s.end_rate, s.power, s.cycle)


def cosine(s: spec.Cosine) -> Any:
    """Half a cosine from the initial rate to `floor_ratio` of it."""
    return ks.CosineDecay(s.initial_rate, s.decay_steps, s.floor_ratio)


def cosine_min_max(s: spec.CosineMinMax) -> Any:
    """Half a cosine from the maximum to the minimum."""
    return ks.CosineDecay(s.maximum, s.decay_steps, s.minimum / s.maximum)


def linear_warmup(s: spec.LinearWarmup) -> Any:
    """A line from the start to the target rate."""
    return ks.PolynomialDecay(s.start_rate, s.warmup_steps, s.target_rate, 1.0)


class ConstantRate(ks.LearningRateSchedule):
    """A constant rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def __call__(self, step: Any) -> Any:
        return tf.fill(tf.shape(step), tf.constant(self.rate, tf.float32))


class AtLastBatch(ks.LearningRateSchedule):
    """The rate at the last batch of each update, for updates that take several batches."""

    def __init__(self, schedule: Any, accumulation: Accumulation) -> None:
        super().__init__()
        self.schedule, self.accumulation = schedule, accumulation

    def __call__(self, step: Any) -> Any:
        return self.schedule(self.accumulation.schedule_step(step))


class MultipliedRate(ks.LearningRateSchedule):
    """The rate of a schedule, multiplied by a factor."""

    def __init__(self, schedule: Any, factor: float) -> None:
        super().__init__()
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        return tf.constant(self.factor, tf.float32) * self.schedule(step)


def table(update: Update, horizon: int) -> Any:
    """The rates of all updates, each rounded once to float32."""
    return RateTable(update_rates(update, horizon).astype(np.float32))


# Only Keras has these classes, and needs a schedule that looks rates up.


def cosine_restarts(s: spec.CosineRestarts) -> Any:
    """Cosines with restarts, their periods and peaks multiplied at each."""
    factors = s.period_factor, s.peak_factor, s.floor_ratio
    return ks.CosineDecayRestarts(s.initial_rate, s.first_period, *factors)


def piecewise_constant(s: spec.PiecewiseConstant) -> Any:
    """One value between boundaries."""
    # Keras' boundaries are inclusive: the value changes at the step after.
    shift = 0 if s.boundary == "inclusive" else -1
    return ks.PiecewiseConstantDecay([boundary + shift for boundary in s.boundaries], list(s.values))


def warmup_then(s: spec.WarmupThen) -> Any:
    """A linear warm-up, then half a cosine."""
    assert isinstance(s.then, spec.Cosine)
    warmup = {"warmup_target": s.then.initial_rate, "warmup_steps": s.warmup_steps}
    return ks.CosineDecay(s.start_rate, s.then.decay_steps, s.then.floor_ratio, **warmup)


class RateTable(ks.LearningRateSchedule):
    """The rate of each update, looked up in a table."""

    def __init__(self, rates: FloatArray) -> None:
        super().__init__()
        self.rates = tf.constant(rates)

    def __call__(self, step: Any) -> Any:
        return tf.gather(self.rates, tf.cast(step, tf.int32))


def _vectorised(schedule: Any, mode: str) -> Any:
    """The schedule on a vector of steps in the mode of the arm, because a graph may round differently from eager."""
    if mode == "eager" and not getattr(schedule, "warmup_steps", 0):
        return schedule

    # With a warm-up the class branches on a scalar step. Mapping it over the steps compiles it in every mode.
    def rates_of_steps(steps: Any) -> Any:
        return tf.vectorized_map(schedule, steps)

    return (
        rates_of_steps if mode == "eager" else tf.function(rates_of_steps, jit_compile=mode == "xla", autograph=False)
    )
