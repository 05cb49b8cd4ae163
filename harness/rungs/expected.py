"""Rung `expected`: does the training's result meet the expectations that its experiment states?"""

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
    """The verdicts of `judge_traces`; None if there are none."""
    return judge_traces(trainings.context, trainings.traces, trainings.weights) or None


def judge_traces(context: Context, traces: Sequence[Trace], weights: Mapping[str, Arrays]) -> list[Verdict]:
    """One verdict for each expectation and each arm that finished. `weights`: by arm, the final weights.

    Empty for a training that `max_steps` cuts short, because expectations are about the whole training.
    """
    if context.experiment.training.max_steps is not None:
        return []
    reference = cache(partial(whole_run, context))  # one run for all arms, made only if an expectation needs it
    finished = [trace for trace in traces if trace.finished]
    return [
        JUDGES[type(expectation)](reference, expectation, trace, weights.get(trace.arm.name, {}))
        for expectation in context.experiment.expected
        for trace in finished
    ]


def accuracy(reference: Reference, expectation: spec.AccuracyBetween, trace: Trace, weights: Arrays) -> Verdict:
    """Whether the test accuracy after the last epoch is within the expected limits."""
    value = trace.epochs[-1].test_accuracy
    met = value is not None and expectation.low <= value <= expectation.high
    description = "no accuracy" if value is None else f"{value:.2%}"
    subject = f"accuracy in [{expectation.low:g}, {expectation.high:g}]"
    return _verdict(trace, subject, met, value, description)


def test_loss(reference: Reference, expectation: spec.LossBetween, trace: Trace, weights: Arrays) -> Verdict:
    """Whether the test loss after the last epoch is within the expected limits."""
    low, high = _limits(expectation.low, expectation.high)
    value = trace.epochs[-1].test_loss
    return _verdict(trace, f"test loss in [{low:g}, {high:g}]", low <= value <= high, value, f"{value:.6g}")


def weights_between(reference: Reference, expectation: spec.WeightsBetween, trace: Trace, weights: Arrays) -> Verdict:
    """Whether every element of one parameter is within the expected limits at the end."""
    low, high = _limits(expectation.low, expectation.high)
    subject = f"{expectation.parameter} in [{low:g}, {high:g}]"
    values = weights.get(expectation.parameter)
    if values is None:
        return _verdict(trace, subject, False, None, f"there is no parameter {expectation.parameter}")
    first_values = ", ".join(f"{value:.6g}" for value in values.ravel()[:SHOWN])
    met = bool(np.all((values >= low) & (values <= high)))
    return _verdict(trace, subject, met, float(values.ravel()[0]), first_values)


def near_reference(reference: Reference, expectation: spec.NearReference, trace: Trace, weights: Arrays) -> Verdict:
    """Whether every final weight is within an absolute distance of the reference's, or of its limit cycle."""
    run = reference()
    subject = f"weights within {expectation.within:g} of the reference's"
    missing = [name for name, value in run.final.items() if name not in weights or weights[name].shape != value.shape]
    if missing:
        return _verdict(trace, subject, False, None, f"{missing[0]} is missing or of another shape")
    distances = {name: _largest(np.abs(weights[name] - value)) for name, value in run.final.items()}
    name = max(distances, key=lambda parameter: distances[parameter])
    description = f"{name} is {distances[name]:.3g} off"
    met = all(distance <= expectation.within for distance in distances.values())  # false for NaN
    if not met and _within_limit_cycle(run, weights, expectation.within):
        width = _largest(run.high[name] - run.low[name])
        description += (
            f"; no fixed point: where the loss is not smooth the reference itself goes round, over {width:.3g} "
            f"in its last {run.recorded_steps} steps, and the arm is within that limit cycle"
        )
        met = True
    return _verdict(trace, subject, met, distances[name], description)


def _within_limit_cycle(run: WholeRun, weights: Arrays, within: float) -> bool:
    """Whether the reference oscillates, and each weight is within the range of the reference's in the last steps."""
    return all(
        run.oscillates(name)
        and bool(np.all((weights[name] >= low - within) & (weights[name] <= run.high[name] + within)))
        for name, low in run.low.items()
    )


def _limits(low: float | None, high: float | None) -> tuple[float, float]:
    return -np.inf if low is None else low, np.inf if high is None else high


def _largest(values: FloatArray) -> float:
    return float(np.max(values, initial=0.0))


def _verdict(trace: Trace, subject: str, met: bool, value: float | None, description: str) -> Verdict:
    return Verdict(
        rung=NAME,
        subject=subject,
        arm_a=trace.arm.name,
        status="agrees" if met else "diverges",
        value_a=value,
        tolerance_source="the experiment's expectation",
        cause=description,
    )


JUDGES: dict[type[spec.Expectation], Callable[[Reference, Any, Trace, Arrays], Verdict]] = {
    spec.AccuracyBetween: accuracy,
    spec.LossBetween: test_loss,
    spec.WeightsBetween: weights_between,
    spec.NearReference: near_reference,
}


RUNG = Rung(NAME, judge_trainings=judge_trainings)
