"""What must hold between two variants of a study: of which the measure has to be better, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.spec.expectations import Ordering

NAME = "study"


def ordering_verdict(ordering: Ordering, pairs: Sequence[tuple[Trace, Trace]]) -> Verdict:
    """The verdict on an ordering. `pairs`: the traces of both variants at each seed; their means are compared."""
    measures_by_side = [[MEASURES[ordering.measure](trace) for trace in side] for side in zip(*pairs, strict=True)]
    values = [
        None if None in side else fmean(value for value in side if value is not None) for side in measures_by_side
    ]
    first, second = values
    sign = -1 if ordering.measure == "test_loss" else 1
    is_met = first is not None and second is not None and sign * (first - second) >= ordering.by
    values_text = " against ".join("nothing" if value is None else f"{value:.4g}" for value in values)
    return Verdict(
        rung=NAME,
        subject=f"{ordering.measure} of {ordering.better} at least {ordering.by:g} better than of {ordering.than}",
        arm_a=pairs[0][0].arm.name,
        status="agrees" if is_met else "diverges",
        value_a=first,
        value_b=second,
        tolerance_source="the study's ordering",
        cause=values_text,
    )


def accuracy(trace: Trace) -> float | None:
    """The test accuracy after the last epoch."""
    return trace.epochs[-1].test_accuracy


def test_loss(trace: Trace) -> float | None:
    """The test loss after the last epoch."""
    return trace.epochs[-1].test_loss


def first_to_last_gradient(trace: Trace) -> float | None:
    """The gradient norm of the first layer over that of the last, before the first update."""
    norms = trace.epochs[0].gradient_norms
    if not norms:
        return None
    first, *_, last = [lengths[0] for lengths in norms.values()]
    return first / last


MEASURES = {"accuracy": accuracy, "test_loss": test_loss, "first_to_last_gradient": first_to_last_gradient}
