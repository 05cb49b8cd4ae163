"""Learning-rate schedules in MindSpore: `nn.*LR` classes, the float64 table, and below what it has besides.

Those are `nn.*_lr` functions, which return a list by epoch, of one step here; and stateful schedulers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from adapters.forms import NativeClass, forms_with_table, rate_table
from adapters.mindspore.realisations.schedules import native_class, schedule
from adapters.mindspore.specifics.schedulers import scheduler_forms
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Setting, native
from harness.spec import schedules as spec


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form that the framework offers for the schedule, then the table; the one that it trains with is marked."""
    offer = native_class(word, setting)
    classes = [] if isinstance(offer, str) else [class_form(offer, word, setting)]
    return forms_with_table(word, [*classes, *function_forms(word), *scheduler_forms(word)], schedule(word, setting))


def learning_rate(word: spec.Schedule, horizon: int, setting: Setting) -> Any:
    """What the optimizer's `learning_rate` gets: a float, a LearningRateSchedule, or the table."""
    offer = native_class(word, setting)
    if isinstance(offer, str) or offer.differs:
        return table(word, horizon)
    return offer.make(word)


def class_form(offer: NativeClass, word: spec.Schedule, setting: Setting) -> ScheduleForm:
    made = offer.make(word)
    over_steps = ConstantRate(made) if isinstance(made, float) else made

    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(over_steps(Tensor(np.asarray(steps, np.int32))).asnumpy())

    return ScheduleForm(offer.form, native(offer.by), rate, differs=offer.differs)


# The classes: from step to rate, in float32.


def constant(s: spec.Constant) -> Any:
    return float(s.rate)


def exponential(s: spec.Exponential) -> Any:
    return nn.ExponentialDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def natural_exponential(s: spec.NaturalExponential) -> Any:
    return nn.NaturalExpDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def inverse_time(s: spec.InverseTime) -> Any:
    return nn.InverseDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def polynomial(s: spec.Polynomial) -> Any:
    return nn.PolynomialDecayLR(s.initial_rate, s.end_rate, s.decay_steps, s.power, s.cycle)


def cosine(s: spec.Cosine) -> Any:
    return nn.CosineDecayLR(s.initial_rate * s.floor_ratio, s.initial_rate, s.decay_steps)


def cosine_min_max(s: spec.CosineMinMax) -> Any:
    return nn.CosineDecayLR(s.minimum, s.maximum, s.decay_steps)


def linear_warmup(s: spec.LinearWarmup) -> Any:
    return nn.WarmUpLR(s.target_rate, s.warmup_steps)


class ConstantRate(nn.Cell):
    """A plain float rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = Tensor(rate, ms.float32)

    def construct(self, step: Any) -> Any:
        return self.rate.broadcast_to(step.shape)


def table(word: spec.Schedule, horizon: int) -> Any:
    """A rate per update, each rounded once."""
    return Tensor(rate_table(word, horizon).astype(np.float32))


# MindSpore alone has functions too: from the total number of steps to a list of float64 rates.

Offers = dict[str, Callable[[int], Any]]


def function_forms(word: spec.Schedule) -> list[ScheduleForm]:
    """The functions that accept these values."""
    offers = FUNCTIONS[type(word)](word) if type(word) in FUNCTIONS else {}
    return [_function_form(name, call) for name, call in offers.items() if _accepts(call)]


def _function_form(name: str, call: Callable[[int], Any]) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        rates: FloatArray = np.asarray(call(int(np.max(steps)) + 1))[steps]
        return rates

    return ScheduleForm(name, native(name), rate)


def _accepts(call: Callable[[int], Any]) -> bool:
    try:
        call(1)
    except (ValueError, TypeError):  # say, an end rate above the initial one
        return False
    return True


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
