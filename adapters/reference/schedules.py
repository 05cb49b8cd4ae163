"""The rate at step t, by the formula in the spec's docstring.

The oracle evaluates in extended precision and rounds once to float64. In float32 or float64 arithmetic every operation
of the stated formula is rounded: an implementation in that precision may have this error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, IntArray
from harness.spec import schedules as spec

PI = 4 * np.arctan(np.longdouble(1))


def oracle(word: spec.Schedule, steps: IntArray) -> FloatArray:
    """`rate(t)` for every t in `steps`, float64, correct to about 1 ULP."""
    return rates(word, steps, np.longdouble).astype(np.float64)


def rates(word: spec.Schedule, steps: IntArray, arithmetic: Any) -> FloatArray:
    """`rate(t)` with every operation of the stated formula rounded to `arithmetic`."""
    return np.asarray(RATES[type(word)](word, np.asarray(steps).astype(arithmetic), arithmetic))


def constant(s: spec.Constant, t: FloatArray, f: Any) -> FloatArray:
    return np.full_like(t, f(s.rate))


def exponential(s: spec.Exponential, t: FloatArray, f: Any) -> FloatArray:
    return f(s.initial_rate) * _power(f(s.decay_rate), _periods(s, t, f))


def natural_exponential(s: spec.NaturalExponential, t: FloatArray, f: Any) -> FloatArray:
    elapsed = np.floor(t / f(s.decay_steps)) * f(s.decay_steps) if s.staircase else t
    return f(s.initial_rate) * np.exp(-f(s.decay_rate) * elapsed)


def inverse_time(s: spec.InverseTime, t: FloatArray, f: Any) -> FloatArray:
    return f(s.initial_rate) / (1 + f(s.decay_rate) * _periods(s, t, f))


def polynomial(s: spec.Polynomial, t: FloatArray, f: Any) -> FloatArray:
    length = np.full_like(t, s.decay_steps)
    if s.cycle:
        length *= np.maximum(np.ceil(t / f(s.decay_steps)), 1)
    start, end, done = f(s.initial_rate), f(s.end_rate), np.minimum(t, length)
    if f is np.longdouble:  # the same without cancellation: the shares of both rates, added
        with np.errstate(divide="ignore"):  # log(0) is -inf, and expm1 of that is -1
            passed = -np.expm1(f(s.power) * np.log1p(-done / length))
        return start * ((length - done) / length) ** f(s.power) + end * passed
    return (start - end) * (1 - done / length) ** f(s.power) + end


def cosine(s: spec.Cosine, t: FloatArray, f: Any) -> FloatArray:
    wave = _half_wave(np.minimum(t, f(s.decay_steps)), f(s.decay_steps))
    return f(s.initial_rate) * (f(s.floor_ratio) + (1 - f(s.floor_ratio)) * wave)


def cosine_min_max(s: spec.CosineMinMax, t: FloatArray, f: Any) -> FloatArray:
    wave = _half_wave(np.minimum(t, f(s.decay_steps)), f(s.decay_steps))
    return f(s.minimum) + (f(s.maximum) - f(s.minimum)) * wave


def cosine_restarts(s: spec.CosineRestarts, t: FloatArray, f: Any) -> FloatArray:
    # Period starts are summed, not computed by a logarithm, so that a step on a restart falls on the correct side.
    # Rounded to float64 to choose the side only: 10 + 10 * 1.1 is then 21, as meant.
    starts, lengths, last_step = [np.longdouble(0)], [np.longdouble(s.first_period)], float(t.max(initial=0))
    while float(starts[-1] + lengths[-1]) <= last_step:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(lengths[0] * np.longdouble(s.period_factor) ** len(lengths))
    period = np.searchsorted(np.asarray(starts, np.float64), t.astype(np.float64), side="right") - 1
    wave = _half_wave(t - np.asarray(starts, f)[period], np.asarray(lengths, f)[period])
    peak = (f(s.peak_factor) ** np.arange(len(starts)).astype(f))[period]
    return f(s.initial_rate) * (f(s.floor_ratio) + (1 - f(s.floor_ratio)) * peak * wave)


def piecewise_constant(s: spec.PiecewiseConstant, t: FloatArray, f: Any) -> FloatArray:
    side: Any = "left" if s.boundary == "inclusive" else "right"
    return np.asarray(s.values, f)[np.searchsorted(np.asarray(s.boundaries, f), t, side=side)]


def one_cycle(s: spec.OneCycle, t: FloatArray, f: Any) -> FloatArray:
    top, rise, fall = f(s.maximum), f(s.warmup_steps), f(s.decay_steps)
    rising = _eased(s.shape, f(s.initial_rate), top, np.minimum(t, rise), rise)
    falling = _eased(s.shape, top, f(s.final_rate), np.clip(t - rise, f(0), fall), fall)
    return np.where(t < rise, rising, falling)


def triangular(s: spec.Triangular, t: FloatArray, f: Any) -> FloatArray:
    half = f(s.half_period)
    cycle = np.floor(t / (2 * half))
    within = t - 2 * half * cycle
    share = np.minimum(within, 2 * half - within) / half
    return f(s.minimum) + (f(s.maximum) - f(s.minimum)) * f(s.peak_factor) ** cycle * share


def reciprocal_square_root(s: spec.ReciprocalSquareRoot, t: FloatArray, f: Any) -> FloatArray:
    number, warmup = t + 1, f(s.warmup_steps)
    return f(s.peak_rate) * np.minimum(number / warmup, np.sqrt(warmup / number))


def linear_warmup(s: spec.LinearWarmup, t: FloatArray, f: Any) -> FloatArray:
    return _ramp(f(s.start_rate), f(s.target_rate), np.minimum(t, f(s.warmup_steps)), f(s.warmup_steps))


def warmup_then(s: spec.WarmupThen, t: FloatArray, f: Any) -> FloatArray:
    then = RATES[type(s.then)]
    first_rate = then(s.then, np.zeros(1, f), f)[0]
    after = then(s.then, np.maximum(t - s.first_of_then, f(0)), f)
    return np.where(t < s.warmup_steps, _ramp(f(s.start_rate), first_rate, t, f(s.warmup_steps)), after)


def sequence(s: spec.Sequence, t: FloatArray, f: Any) -> FloatArray:
    parts = [rates(part, np.maximum(t - f(start), f(0)), f) for part, start in zip(s.schedules, s.starts, strict=True)]
    number = np.searchsorted(np.asarray(s.milestones, f), t, side="right")
    return np.stack(parts)[number, np.arange(len(t))]


def _periods(s: Any, t: FloatArray, f: Any) -> FloatArray:
    periods = t / f(s.decay_steps)
    return np.floor(periods) if s.staircase else periods


def _power(base: Any, exponent: FloatArray) -> FloatArray:
    """`base ** exponent` for a positive base."""
    if exponent.dtype != np.longdouble:
        return base**exponent
    return np.exp(np.log(base) * exponent)  # ten times as fast in extended precision, and as good after rounding


def _half_wave(done: FloatArray, length: Any) -> FloatArray:
    """`(1 + cos(pi * done / length)) / 2`: 1 at the start, 0 at the end."""
    if done.dtype != np.longdouble:
        return (1 + np.cos(done.dtype.type(PI) * (done / length))) / done.dtype.type(2)
    # The same function without cancellation: the sum loses its relative accuracy near the end, the square does not,
    # and neither does a difference of steps.
    return np.sin(PI / 2 * ((length - done) / length)) ** 2


def _ramp(start: Any, target: Any, done: FloatArray, length: Any) -> FloatArray:
    if done.dtype != np.longdouble:
        return start + (target - start) * (done / length)
    return start * ((length - done) / length) + target * (done / length)  # without cancellation, as above


def _eased(shape: str, start: Any, target: Any, done: FloatArray, length: Any) -> FloatArray:
    """`start + (target - start) * h(done / length)`, h a line or half a cosine."""
    if shape == "linear":
        return _ramp(start, target, done, length)
    if done.dtype != np.longdouble:
        return start + (target - start) * ((1 - np.cos(done.dtype.type(PI) * (done / length))) / done.dtype.type(2))
    return start * _half_wave(done, length) + target * _half_wave(length - done, length)  # without cancellation


RATES: dict[type[spec.Schedule], Callable[[Any, FloatArray, Any], FloatArray]] = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.CosineRestarts: cosine_restarts,
    spec.PiecewiseConstant: piecewise_constant,
    spec.OneCycle: one_cycle,
    spec.Triangular: triangular,
    spec.ReciprocalSquareRoot: reciprocal_square_root,
    spec.LinearWarmup: linear_warmup,
    spec.WarmupThen: warmup_then,
    spec.Sequence: sequence,
}
