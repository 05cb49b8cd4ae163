"""Rung `convergence`: do the trainings end equally well, within the margin the experiment states?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from harness.parity.tolerances import margin
from harness.parity.verdict import Verdict
from harness.results.trace import Trace
from harness.spec.experiment import Experiment

NAME = "convergence"


def judge_traces(experiment: Experiment, traces: Sequence[Trace]) -> list[Verdict]:
    """The test accuracy after the last epoch, every test sample scored, one seed."""
    bound = margin(experiment.comparison.accuracy_margin)
    verdicts = []
    for a, b in combinations([trace for trace in traces if trace.finished], 2):
        first, second = a.epochs[-1], b.epochs[-1]
        if first.test_accuracy is None or second.test_accuracy is None:
            continue  # values are predicted, which are right by degrees: `expected` has the say
        difference = abs(first.test_accuracy - second.test_accuracy)
        # A difference of the margin itself is within it, whatever the rounding of the two accuracies.
        within = difference <= float(bound.bound) + float(np.finfo(np.float64).eps)
        uncounted = first.samples_scored != second.samples_scored
        verdicts.append(
            Verdict(
                rung=NAME,
                subject="test_accuracy",
                arm_a=a.arm.name,
                arm_b=b.arm.name,
                status="agrees" if within and not uncounted else "diverges",
                worst_index=f"after epoch {first.epoch}",
                value_a=first.test_accuracy,
                value_b=second.test_accuracy,
                tolerance=float(bound.bound),
                error_over_tolerance=difference / float(bound.bound),
                tolerance_source=bound.source,
                cause=_cause(difference, within, uncounted),
            )
        )
    return verdicts


def _cause(difference: float, within: bool, uncounted: bool) -> str:
    if uncounted:
        return "the arms scored different numbers of samples"
    return "" if within else f"{100 * difference:.2f} points apart"
