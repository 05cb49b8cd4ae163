"""Learning-rate schedules in MindSpore: `nn.*LR` classes, `nn.*_lr` functions, stateful schedulers, the float64 table.

The functions return a list by epoch; with one step per epoch they speak of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from adapters.forms import Offers, accepted, rate_table, with_table
from adapters.mindspore.realisations.schedules import made, native_class
from adapters.mindspore.schedulers import scheduler_forms
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Realisation, Setting
from harness.spec import schedules as spec


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form MindSpore offers for the schedule, then the table. Trains with the class where there is one."""
    classes = [_class_form(name, build) for name, build in accepted(_classes(word)).items()]
    functions = [_function_form(name, call) for name, call in _functions(word).items()]
    return with_table(word, [*classes, *functions, *scheduler_forms(word)], made(word, setting))


def learning_rate(word: spec.Schedule, horizon: int) -> Any:
    """What the optimizer's `learning_rate` gets: a float, a LearningRateSchedule, or the table as a tensor."""
    if isinstance(word, spec.Constant):
        return float(word.rate)
    name, _ = native_class(word)
    return _classes(word)[name]() if name else Tensor(rate_table(word, horizon).astype(np.float32))


# The classes: a Cell from step to rate, in float32. `accepted` drops those that refuse the values.


def constant(s: spec.Constant) -> Offers:
    return {"learning_rate=float": partial(ConstantRate, s.rate)}


def exponential(s: spec.Exponential) -> Offers:
    build = partial(nn.ExponentialDecayLR, s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)
    return {"nn.ExponentialDecayLR": build}


def natural_exponential(s: spec.NaturalExponential) -> Offers:
    build = partial(nn.NaturalExpDecayLR, s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)
    return {"nn.NaturalExpDecayLR": build}


def inverse_time(s: spec.InverseTime) -> Offers:
    build = partial(nn.InverseDecayLR, s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)
    return {"nn.InverseDecayLR": build}


def polynomial(s: spec.Polynomial) -> Offers:
    build = partial(nn.PolynomialDecayLR, s.initial_rate, s.end_rate, s.decay_steps, s.power, s.cycle)
    return {"nn.PolynomialDecayLR": build}


def cosine(s: spec.Cosine) -> Offers:
    build = partial(nn.CosineDecayLR, s.initial_rate * s.floor_ratio, s.initial_rate, s.decay_steps)
    return {"nn.CosineDecayLR": build}


def cosine_min_max(s: spec.CosineMinMax) -> Offers:
    return {"nn.CosineDecayLR": partial(nn.CosineDecayLR, s.minimum, s.maximum, s.decay_steps)}


def linear_warmup(s: spec.LinearWarmup) -> Offers:
    if s.start_rate != 0:
        return {}
    return {"nn.WarmUpLR": partial(nn.WarmUpLR, s.target_rate, s.warmup_steps)}


CLASSES: dict[type[spec.Schedule], Callable[[Any], Offers]] = {
    spec.Constant: constant,
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.LinearWarmup: linear_warmup,
}

# The functions: total number of steps to a list of float64 rates, one step per epoch.


def exponential_function(s: spec.Exponential) -> Offers:
    def call(n: int) -> Any:
        return nn.exponential_decay_lr(s.initial_rate, s.decay_rate, n, 1, s.decay_steps, s.staircase)

    return {"nn.exponential_decay_lr": call}


def natural_exponential_function(s: spec.NaturalExponential) -> Offers:
    def call(n: int) -> Any:
        return nn.natural_exp_decay_lr(s.initial_rate, s.decay_rate, n, 1, s.decay_steps, s.staircase)

    return {"nn.natural_exp_decay_lr": call}


def inverse_time_function(s: spec.InverseTime) -> Offers:
    def call(n: int) -> Any:
        return nn.inverse_decay_lr(s.initial_rate, s.decay_rate, n, 1, s.decay_steps, s.staircase)

    return {"nn.inverse_decay_lr": call}


def polynomial_function(s: spec.Polynomial) -> Offers:
    def call(n: int) -> Any:
        return nn.polynomial_decay_lr(s.initial_rate, s.end_rate, n, 1, s.decay_steps, s.power, s.cycle)

    return {"nn.polynomial_decay_lr": call}


def cosine_function(s: spec.Cosine) -> Offers:
    def call(n: int) -> Any:
        return nn.cosine_decay_lr(s.initial_rate * s.floor_ratio, s.initial_rate, n, 1, s.decay_steps)

    return {"nn.cosine_decay_lr": call}


def cosine_min_max_function(s: spec.CosineMinMax) -> Offers:
    return {"nn.cosine_decay_lr": lambda n: nn.cosine_decay_lr(s.minimum, s.maximum, n, 1, s.decay_steps)}


def piecewise_constant_function(s: spec.PiecewiseConstant) -> Offers:
    # A milestone is the first step of the next value, and the list ends at the last milestone.
    shift = 1 if s.boundary == "inclusive" else 0

    def call(n: int) -> Any:
        milestones = [boundary + shift for boundary in s.boundaries]
        return nn.piecewise_constant_lr([*milestones, max(n, milestones[-1] + 1)], list(s.values))[:n]

    return {"nn.piecewise_constant_lr": call}


def linear_warmup_function(s: spec.LinearWarmup) -> Offers:
    if s.start_rate != 0:
        return {}
    return {"nn.warmup_lr": lambda n: nn.warmup_lr(s.target_rate, n, 1, s.warmup_steps)}


FUNCTIONS: dict[type[spec.Schedule], Callable[[Any], Offers]] = {
    spec.Exponential: exponential_function,
    spec.NaturalExponential: natural_exponential_function,
    spec.InverseTime: inverse_time_function,
    spec.Polynomial: polynomial_function,
    spec.Cosine: cosine_function,
    spec.CosineMinMax: cosine_min_max_function,
    spec.PiecewiseConstant: piecewise_constant_function,
    spec.LinearWarmup: linear_warmup_function,
}


class ConstantRate(nn.Cell):
    """A plain float rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = Tensor(rate, ms.float32)

    def construct(self, step: Any) -> Any:
        return self.rate.broadcast_to(step.shape)


def _classes(word: spec.Schedule) -> Offers:
    return CLASSES.get(type(word), _none)(word)


def _functions(word: spec.Schedule) -> Offers:
    """The functions that accept these values."""
    offers = FUNCTIONS.get(type(word), _none)(word)
    return {name: offers[name] for name in accepted(offers, 1)}


def _none(_: spec.Schedule) -> Offers:
    return {}


def _class_form(name: str, cell: Any) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(cell(Tensor(np.asarray(steps, np.int32))).asnumpy())

    return ScheduleForm(name, Realisation("native", name), rate)


def _function_form(name: str, call: Callable[[int], Any]) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        rates: FloatArray = np.asarray(call(int(np.max(steps)) + 1))[steps]
        return rates

    return ScheduleForm(name, Realisation("native", name), rate)
