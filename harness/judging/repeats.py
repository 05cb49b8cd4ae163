"""An arm against itself: several runs from the same start, which are bit-equal or differ.

Their distance is judged by how far rounding can move a run. If it is within that, the tolerances of the arm's
trajectories are widened by the distance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.judging.tolerances import Tolerance
from harness.judging.ulp import largest_error, shown_ulp
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.system.array_files import Arrays

NAME = "self"
RUNS = ("first", "second", "third")
WHAT = ("losses", "digests")


@dataclass(frozen=True)
class Repeats:
    """The runs of one arm: `tensor(f"{run}/losses")` is (steps,), `tensor(f"{run}/digests")` of any shape."""

    arm: Arm
    tensor: Callable[[str], FloatArray]
    steps: int

    @cached_property
    def spread(self) -> Arrays:
        """By quantity and element, the largest distance of a later run from the first; infinity if one is cut short."""
        return {what: _spread([self.tensor(f"{run}/{what}") for run in RUNS]) for what in WHAT}

    @property
    def is_exact(self) -> bool:
        """Whether all runs are equal bit for bit."""
        return not any(np.any(distance) for distance in self.spread.values())

    def judge(self, envelope: Callable[[], Tolerance | None]) -> Verdict:
        """The verdict on the arm's runs.

        `envelope`: gives the tolerance for the losses, (steps,) or one number, or None if it is unknown; called only if
        the runs are not bit-equal.
        """
        head = {"rung": NAME, "subject": f"three runs, steps 0 to {self.steps - 1}", "arm_a": self.arm.name}
        missing = [run for run in RUNS if self.tensor(f"{run}/losses").shape != (self.steps,)]
        if missing:
            cause = f"the {missing[0]} run was cut short"
            return Verdict(**head, status="diverges", culprit=self.arm.name, cause=cause)
        if self.is_exact:
            bits = {"tolerance": 0.0, "tolerance_source": "bit-equal, run for run"}
            return Verdict(**head, status="agrees", **bits, detects=float(np.finfo(self._precision).eps))
        tolerance = envelope()
        if tolerance is None:
            cause = "it does not repeat itself bit for bit, and nothing says how far rounding may take its runs apart"
            return Verdict(**head, status="unverified", cause=cause)
        return self._inexact(head, tolerance)

    def _inexact(self, head: Any, tolerance: Tolerance) -> Verdict:
        """The verdict on runs that are not bit-equal: the largest distance of their losses over the tolerance."""
        first, distance = self.tensor("first/losses").astype(np.float64), self.spread["losses"]
        excess = distance / tolerance.bound
        worst = int(np.argmax(excess))
        units = float(distance[worst] / shown_ulp(first, self._precision)[worst])
        wrong = bool(excess[worst] > 1)
        where = f"it does not repeat itself bit for bit: by step {worst} its losses lie {units:.3g} ULP apart"
        return Verdict(
            **head,
            status="diverges" if wrong else "agrees",
            culprit=self.arm.name if wrong else "",
            step=worst,
            tensor="loss",
            worst_ulp=units,
            worst_index=f"step {worst}",
            value_a=float(first[worst]),
            error_over_tolerance=float(excess[worst]),
            tolerance=float(np.broadcast_to(tolerance.bound, excess.shape)[worst]),
            tolerance_source=tolerance.source,
            cause=where + ("" if wrong else "; the tolerances of its trajectory are widened by that"),
        )

    @property
    def _precision(self) -> Any:
        return np.dtype(self.arm.variable_dtype).type


def _spread(runs: Sequence[FloatArray]) -> FloatArray:
    first, *others = runs
    if any(other.shape != first.shape for other in others):
        return np.full(first.shape, np.inf)
    return largest_error(others, first)
