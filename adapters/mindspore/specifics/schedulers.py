"""The stateful schedulers of `mindspore.experimental.optim.lr_scheduler` that equal one of our schedules, as forms.

They compute each rate from the previous one in float32, at a millisecond or more per step, so only their first steps
are checked. `MultiplicativeLR` and `ReduceLROnPlateau` equal no schedule of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor
from mindspore.experimental import optim
from mindspore.experimental.optim import lr_scheduler

from adapters.protocol import FloatArray, IntArray, ScheduleForm
from adapters.setting import native
from harness.spec import schedules as spec

MODULE = "experimental.optim.lr_scheduler"
LAST_STEP = 31
Make = Callable[[Any], Any]
# The name of the class, the initial rate of the optimizer, and the maker of the scheduler for that optimizer.
Offer = tuple[str, float, Make]


def scheduler_forms(word: spec.Schedule) -> list[ScheduleForm]:
    """At most one form, if a scheduler can express the values of the schedule."""
    offer = OFFERS.get(type(word), _no_offer)(word)
    if offer is None:
        return []
    name, initial, make = offer
    by = native(f"{MODULE}.{name}")
    rates = partial(_rates_by_stepping, initial, make)
    return [ScheduleForm(name, by, rates, differs=ledger_entry(word, name), last=LAST_STEP)]


def ledger_entry(word: spec.Schedule, name: str) -> str:
    """The ledger's entry on a scheduler that departs from the spec for some values; empty where there is none."""
    if isinstance(word, spec.WarmupThen):
        return ledger_entry(word.then, name) if isinstance(word.then, spec.Cosine | spec.CosineMinMax) else ""
    if isinstance(word, spec.Cosine | spec.CosineMinMax):
        return f"mindspore-{word.word()}-rises-again"
    return f"mindspore-{word.word()}-drifts" if name == "ExponentialLR" else ""


def _rates_by_stepping(initial: float, make: Make, steps: IntArray) -> FloatArray:
    optimizer = optim.SGD([Parameter(Tensor([0.0], ms.float32), name="weight")], lr=initial)
    scheduler = make(optimizer)
    rates = []
    for _ in range(int(np.max(steps, initial=0)) + 1):
        rates.append(float(optimizer.param_groups[0]["lr"].asnumpy()))
        scheduler.step()
    return np.asarray(rates, np.float32)[steps]


def exponential(s: spec.Exponential) -> Offer | None:
    """StepLR with staircase, else ExponentialLR."""
    if s.initial_rate == 0:
        return None
    if s.staircase:
        return "StepLR", s.initial_rate, lambda optimizer: lr_scheduler.StepLR(optimizer, s.decay_steps, s.decay_rate)
    return (
        "ExponentialLR",
        s.initial_rate,
        lambda optimizer: lr_scheduler.ExponentialLR(optimizer, s.decay_rate ** (1 / s.decay_steps)),
    )


def natural_exponential(s: spec.NaturalExponential) -> Offer | None:
    """StepLR with staircase, else ExponentialLR."""
    if s.staircase:
        gamma = math.exp(-s.decay_rate * s.decay_steps)
        return "StepLR", s.initial_rate, lambda optimizer: lr_scheduler.StepLR(optimizer, s.decay_steps, gamma)
    return (
        "ExponentialLR",
        s.initial_rate,
        lambda optimizer: lr_scheduler.ExponentialLR(optimizer, math.exp(-s.decay_rate)),
    )


def inverse_time(s: spec.InverseTime) -> Offer | None:
    """LambdaLR, without staircase."""
    if s.staircase:
        return None

    def factor(step: Any) -> Any:
        return 1.0 / (1.0 + s.decay_rate * step / s.decay_steps)

    return "LambdaLR", s.initial_rate, lambda optimizer: lr_scheduler.LambdaLR(optimizer, factor)


def polynomial(s: spec.Polynomial) -> Offer | None:
    """PolynomialLR down to 0, or LinearLR."""
    if s.cycle or s.initial_rate == 0:
        return None
    if s.end_rate == 0:
        return (
            "PolynomialLR",
            s.initial_rate,
            lambda optimizer: lr_scheduler.PolynomialLR(optimizer, s.decay_steps, s.power),
        )
    if s.power == 1 and s.end_rate <= s.initial_rate:
        end = s.end_rate / s.initial_rate
        return "LinearLR", s.initial_rate, lambda optimizer: lr_scheduler.LinearLR(optimizer, 1.0, end, s.decay_steps)
    return None


def cosine(s: spec.Cosine) -> Offer | None:
    """CosineAnnealingLR from the initial rate."""
    minimum = s.initial_rate * s.floor_ratio
    return (
        "CosineAnnealingLR",
        s.initial_rate,
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, s.decay_steps, minimum),
    )


def cosine_min_max(s: spec.CosineMinMax) -> Offer | None:
    """CosineAnnealingLR from the maximum."""
    return (
        "CosineAnnealingLR",
        s.maximum,
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, s.decay_steps, s.minimum),
    )


def cosine_restarts(s: spec.CosineRestarts) -> Offer | None:
    """CosineAnnealingWarmRestarts, for whole period factors and equal peaks."""
    if s.peak_factor != 1 or not float(s.period_factor).is_integer():
        return None
    factor, minimum = int(s.period_factor), s.initial_rate * s.floor_ratio
    return (
        "CosineAnnealingWarmRestarts",
        s.initial_rate,
        lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, s.first_period, factor, minimum),
    )


def piecewise_constant(s: spec.PiecewiseConstant) -> Offer | None:
    """ConstantLR for one rise, or MultiStepLR for equal ratios."""
    # A milestone is the first step of the next value.
    milestones = [boundary + (s.boundary == "inclusive") for boundary in s.boundaries]
    if len(milestones) == 1 and s.values[0] < s.values[1]:
        factor = s.values[0] / s.values[1]
        return "ConstantLR", s.values[1], lambda optimizer: lr_scheduler.ConstantLR(optimizer, factor, milestones[0])
    ratios = [later / earlier if earlier else math.nan for earlier, later in zip(s.values, s.values[1:], strict=False)]
    if not all(math.isclose(ratio, ratios[0]) for ratio in ratios):
        return None
    return "MultiStepLR", s.values[0], lambda optimizer: lr_scheduler.MultiStepLR(optimizer, milestones, ratios[0])


def triangular(s: spec.Triangular) -> Offer | None:
    """CyclicLR, for peaks that stay or are halved."""
    mode = {1.0: "triangular", 0.5: "triangular2"}.get(s.peak_factor)
    if mode is None or not 0 < s.minimum < s.maximum:
        return None

    def cycles(optimizer: Any) -> Any:
        return lr_scheduler.CyclicLR(optimizer, s.minimum, s.maximum, s.half_period, mode=mode)

    return "CyclicLR", s.minimum, cycles


def linear_warmup(s: spec.LinearWarmup) -> Offer | None:
    """LinearLR from a rate above 0."""
    if not 0 < s.start_rate <= s.target_rate:
        return None
    start = s.start_rate / s.target_rate
    return "LinearLR", s.target_rate, lambda optimizer: lr_scheduler.LinearLR(optimizer, start, 1.0, s.warmup_steps)


def warmup_then(s: spec.WarmupThen) -> Offer | None:
    """SequentialLR of both parts, on an optimizer with the first rate of the second part."""
    if not s.shifts:
        return None
    second_part = OFFERS.get(type(s.then), _no_offer)(s.then)
    # SequentialLR sets its second part to step 0, which fails in MultiStepLR: that reads `step_size`, which it lacks.
    if second_part is None or second_part[0] in ("SequentialLR", "MultiStepLR"):
        return None
    _, initial, make = second_part
    if not 0 < s.start_rate <= initial:
        return None

    def both_parts(optimizer: Any) -> Any:
        warmup = lr_scheduler.LinearLR(optimizer, s.start_rate / initial, 1.0, s.warmup_steps)
        return lr_scheduler.SequentialLR(optimizer, [warmup, make(optimizer)], [s.warmup_steps])

    return "SequentialLR", initial, both_parts


def _no_offer(_: spec.Schedule) -> Offer | None:
    return None


OFFERS: dict[type[spec.Schedule], Callable[[Any], Offer | None]] = {
    spec.Exponential: exponential,
    spec.NaturalExponential: natural_exponential,
    spec.InverseTime: inverse_time,
    spec.Polynomial: polynomial,
    spec.Cosine: cosine,
    spec.CosineMinMax: cosine_min_max,
    spec.CosineRestarts: cosine_restarts,
    spec.PiecewiseConstant: piecewise_constant,
    spec.Triangular: triangular,
    spec.LinearWarmup: linear_warmup,
    spec.WarmupThen: warmup_then,
}
