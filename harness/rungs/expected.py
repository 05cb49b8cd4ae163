"""Rung `expected`: did the training come to what its experiment says it should?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from harness.judging.context import Context
from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs.rung import Rung, Trainings
from harness.rungs.whole_run import WholeRun, whole_run
from harness.spec import expectations as spec
from harness.system.array_files import Arrays

NAME = "expected"
Reference = Callable[[], WholeRun]
SHOWN = 8  # elements of a parameter that a verdict quotes


def judge_trainings(trainings: Trainings) -> list[Verdict] | None:
    """As `judge_traces`; None where nothing is expected of any arm."""
    return judge_traces(trainings.context, trainings.traces, trainings.weights) or None


def judge_traces(context: Context, traces: Sequence[Trace], weights: Mapping[str, Arrays]) -> list[Verdict]:
    """One verdict for each expectation and each arm that finished. `weights` are the final ones, by arm.

    Of a training cut short by `max_steps` nothing is expected.
    """
    if context.experiment.training.max_steps is not None:
        return []
    reference = cache(partial(whole_run, context))  # the same run for every arm, and only where it is asked for
    finished = [trace for trace in traces if trace.finished]
    return [
        JUDGES[type(expectation)](reference, expectation, trace, weights.get(trace.arm.name, {}))
        for expectation in context.experiment.expected
        for trace in finished
    ]


def accuracy(reference: Reference, wanted: spec.AccuracyBetween, trace: Trace, weights: Arrays) -> Verdict:
    found = trace.epochs[-1].test_accuracy
    met = found is not None and wanted.low <= found <= wanted.high
    said = "no accuracy" if found is None else f"{found:.2%}"
    return _verdict(trace, f"accuracy in [{wanted.low:g}, {wanted.high:g}]", met, found, said)


def test_loss(reference: Reference, wanted: spec.LossBetween, trace: Trace, weights: Arrays) -> Verdict:
    low, high = _limits(wanted.low, wanted.high)
    found = trace.epochs[-1].test_loss
    return _verdict(trace, f"test loss in [{low:g}, {high:g}]", low <= found <= high, found, f"{found:.6g}")


def weights_between(reference: Reference, wanted: spec.WeightsBetween, trace: Trace, weights: Arrays) -> Verdict:
    low, high = _limits(wanted.low, wanted.high)
    subject = f"{wanted.parameter} in [{low:g}, {high:g}]"
    values = weights.get(wanted.parameter)
    if values is None:
        return _verdict(trace, subject, False, None, f"there is no parameter {wanted.parameter}")
    shown = ", ".join(f"{value:.6g}" for value in values.ravel()[:SHOWN])
    met = bool(np.all((values >= low) & (values <= high)))
    return _verdict(trace, subject, met, float(values.ravel()[0]), shown)


def near_reference(reference: Reference, wanted: spec.NearReference, trace: Trace, weights: Arrays) -> Verdict:
    whole = reference()
    subject = f"weights within {wanted.within:g} of the reference's"
    missing = [name for name, value in whole.final.items() if name not in weights or weights[name].shape != value.shape]
    if missing:
        return _verdict(trace, subject, False, None, f"{missing[0]} is missing or of another shape")
    apart = {name: _largest(np.abs(weights[name] - value)) for name, value in whole.final.items()}
    name = max(apart, key=lambda each: apart[each])
    found = f"{name} is {apart[name]:.3g} off"
    met = all(value <= wanted.within for value in apart.values())  # a NaN is not
    if not met and _within_the_cycle(whole, weights, wanted.within):
        width = _largest(whole.high[name] - whole.low[name])
        found += (
            f"; no fixed point: where the loss is not smooth the reference itself goes round, over {width:.3g} "
            f"in its last {whole.watched} steps, and the arm is within that limit cycle"
        )
        met = True
    return _verdict(trace, subject, met, apart[name], found)


def _within_the_cycle(whole: WholeRun, weights: Arrays, within: float) -> bool:
    """Whether the reference goes round, and each weight is no further out than its own went in the last steps."""
    return all(
        whole.goes_round(name)
        and bool(np.all((weights[name] >= low - within) & (weights[name] <= whole.high[name] + within)))
        for name, low in whole.low.items()
    )


def _limits(low: float | None, high: float | None) -> tuple[float, float]:
    return -np.inf if low is None else low, np.inf if high is None else high


def _largest(values: FloatArray) -> float:
    return float(np.max(values, initial=0.0))


def _verdict(trace: Trace, subject: str, met: bool, value: float | None, found: str) -> Verdict:
    return Verdict(
        rung=NAME,
        subject=subject,
        arm_a=trace.arm.name,
        status="agrees" if met else "diverges",
        value_a=value,
        tolerance_source="the experiment's expectation",
        cause=found,
    )


JUDGES: dict[type[spec.Expectation], Callable[[Reference, Any, Trace, Arrays], Verdict]] = {
    spec.AccuracyBetween: accuracy,
    spec.LossBetween: test_loss,
    spec.WeightsBetween: weights_between,
    spec.NearReference: near_reference,
}


RUNG = Rung(NAME, judge_trainings=judge_trainings)
