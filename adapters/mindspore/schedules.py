"""Learning-rate schedules in MindSpore: its `nn.*LR` classes, the table of float64 rates, and two further forms.

These are the `nn.*_lr` functions, which return a list of rates by epoch (here an epoch is one step), and the stateful
schedulers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from adapters.forms import NativeClass, forms_with_table, update_rates
from adapters.mindspore.realisations.schedules import native_class, schedule
from adapters.mindspore.specifics.schedulers import scheduler_forms
from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import Setting, native
from harness.spec import schedules as spec
from harness.spec.accumulation import Accumulation
from harness.spec.recipe import Update


def schedule_forms(word: spec.Schedule, setting: Setting) -> tuple[ScheduleForm, ...]:
    """Every form that the framework offers for the schedule, then the table. The form that the arm uses is marked."""
    offer = native_class(word, setting)
    classes = [] if isinstance(offer, str) else [class_form(offer, word, setting)]
    return forms_with_table(word, [*classes, *function_forms(word), *scheduler_forms(word)], schedule(word, setting))


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

    def rate(steps: IntArray) -> FloatArray:
        return np.asarray(schedule_object(Tensor(np.asarray(steps, np.int32))).asnumpy())

    return ScheduleForm(offer.form, native(offer.by), rate, differs=offer.differs)


# The classes compute the rate from the step in float32.


def constant(s: spec.Constant) -> Any:
    """The rate as a float."""
    return float(s.rate)


def exponential(s: spec.Exponential) -> Any:
    """`initial * decay_rate ** (t / decay_steps)`, with floor if staircase."""
    return nn.ExponentialDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def natural_exponential(s: spec.NaturalExponential) -> Any:
    """`initial * exp(-decay_rate * t)`."""
    return nn.NaturalExpDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def inverse_time(s: spec.InverseTime) -> Any:
    """`initial / (1 + decay_rate * t / decay_steps)`, with floor if staircase."""
    return nn.InverseDecayLR(s.initial_rate, s.decay_rate, s.decay_steps, s.staircase)


def polynomial(s: spec.Polynomial) -> Any:
    """`(initial - end) * (1 - t / decay_steps) ** power + end`."""
    return nn.PolynomialDecayLR(s.initial_rate, s.end_rate, s.decay_steps, s.power, s.cycle)


def cosine(s: spec.Cosine) -> Any:
    """Half a cosine from the initial rate to `floor_ratio` of it."""
    return nn.CosineDecayLR(s.initial_rate * s.floor_ratio, s.initial_rate, s.decay_steps)


def cosine_min_max(s: spec.CosineMinMax) -> Any:
    """Half a cosine from the maximum to the minimum."""
    return nn.CosineDecayLR(s.minimum, s.maximum, s.decay_steps)


def linear_warmup(s: spec.LinearWarmup) -> Any:
    """A line from the start to the target rate."""
    return nn.WarmUpLR(s.target_rate, s.warmup_steps)


class ConstantRate(nn.Cell):
    """A constant rate, which the optimizers keep in float32."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = Tensor(rate, ms.float32)

    def construct(self, step: Any) -> Any:
        return self.rate.broadcast_to(step.shape)


class AtLastBatch(nn.learning_rate_schedule.LearningRateSchedule):
    """The rate at the last batch of each update, for updates that take several batches."""

    def __init__(self, schedule: Any, accumulation: Accumulation) -> None:
        super().__init__()
        self.schedule, self.group = schedule, accumulation.group

    def construct(self, step: Any) -> Any:
        return self.schedule(step * self.group + (self.group - 1))


class MultipliedRate(nn.learning_rate_schedule.LearningRateSchedule):
    """The rate of a schedule, multiplied by a factor."""

    def __init__(self, schedule: Any, factor: float) -> None:
        super().__init__()
        self.schedule, self.factor = schedule, Tensor(factor, ms.float32)

    def construct(self, step: Any) -> Any:
        return self.factor * self.schedule(step)


def table(update: Update, horizon: int) -> Any:
    """The rates of all updates, each rounded once to float32."""
    return Tensor(update_rates(update, horizon).astype(np.float32))


# Only MindSpore has functions too: from the total number of steps to a list of float64 rates.

Offers = dict[str, Callable[[int], Any]]


def function_forms(word: spec.Schedule) -> list[ScheduleForm]:
    """The forms by functions, of those that accept the values of the schedule."""
    offers = FUNCTIONS[type(word)](word) if type(word) in FUNCTIONS else {}
    return [_function_form(name, call) for name, call in offers.items() if _is_accepted(call)]


def _function_form(name: str, call: Callable[[int], Any]) -> ScheduleForm:
    def rate(steps: IntArray) -> FloatArray:
        rates: FloatArray = np.asarray(call(int(np.max(steps)) + 1))[steps]
        return rates

    return ScheduleForm(name, native(name), rate)


def _is_accepted(call: Callable[[int], Any]) -> bool:
    try:
        call(1)
    except (ValueError, TypeError):  # for example an end rate above the initial one
        return False
    return True


def exponential_function(s: spec.Exponential) -> Offers:
    """nn.exponential_decay_lr."""

    def call(steps: int) -> Any:
        return nn.exponential_decay_lr(s.initial_rate, s.decay_rate, steps, 1, s.decay_steps, s.staircase)

    return {"nn.exponential_decay_lr": call}


def natural_exponential_function(s: spec.NaturalExponential) -> Offers:
    """nn.natural_exp_decay_lr."""

    def call(steps: int) -> Any:
        return nn.natural_exp_decay_lr(s.initial_rate, s.decay_rate, steps, 1, s.decay_steps, s.staircase)

    return {"nn.natural_exp_decay_lr": call}


def inverse_time_function(s: spec.InverseTime) -> Offers:
    """nn.inverse_decay_lr."""

    def call(steps: int) -> Any:
        return nn.inverse_decay_lr(s.initial_rate, s.decay_rate, steps, 1, s.decay_steps, s.staircase)

    return {"nn.inverse_decay_lr": call}


def polynomial_function(s: spec.Polynomial) -> Offers:
    """nn.polynomial_decay_lr."""

    def call(steps: int) -> Any:
        return nn.polynomial_decay_lr(s.initial_rate, s.end_rate, steps, 1, s.decay_steps, s.power, s.cycle)

    return {"nn.polynomial_decay_lr": call}


def cosine_function(s: spec.Cosine) -> Offers:
    """nn.cosine_decay_lr from the initial rate to `floor_ratio` of it."""

    def call(steps: int) -> Any:
        return nn.cosine_decay_lr(s.initial_rate * s.floor_ratio, s.initial_rate, steps, 1, s.decay_steps)

    return {"nn.cosine_decay_lr": call}


def cosine_min_max_function(s: spec.CosineMinMax) -> Offers:
    """nn.cosine_decay_lr from the maximum to the minimum."""
    return {"nn.cosine_decay_lr": lambda steps: nn.cosine_decay_lr(s.minimum, s.maximum, steps, 1, s.decay_steps)}


def piecewise_constant_function(s: spec.PiecewiseConstant) -> Offers:
    """nn.piecewise_constant_lr."""
    # A milestone is the first step of the next value, and the list ends at the last milestone.
    shift = 1 if s.boundary == "inclusive" else 0

    def call(steps: int) -> Any:
        milestones = [boundary + shift for boundary in s.boundaries]
        return nn.piecewise_constant_lr([*milestones, max(steps, milestones[-1] + 1)], list(s.values))[:steps]

    return {"nn.piecewise_constant_lr": call}


def linear_warmup_function(s: spec.LinearWarmup) -> Offers:
    """nn.warmup_lr, which starts at 0."""
    if s.start_rate != 0:
        return {}
    return {"nn.warmup_lr": lambda steps: nn.warmup_lr(s.target_rate, steps, 1, s.warmup_steps)}


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
