"""A diverging free run made short enough to try many hypotheses about its cause.

A hypothesis is tried over the steps up to the divergence and a few more. Before the judge computes a whole envelope for
it, its float64 reference alone runs, step by step, and no further than to the first step that it does not explain: the
arm agreed with the stated reference until it diverged, so most hypotheses end after a step or two.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import LOSS, oracle_steps
from harness.judging.judge import Claim
from harness.judging.tolerances import AHEAD, DRAWS
from harness.judging.ulp import error_against
from harness.records.array_types import FloatArray
from harness.records.step_columns import DIGESTS, columns
from harness.records.verdict import Verdict
from harness.rungs.free_run import checks_by_curve
from harness.rungs.rung import Shortened

# Rounding may grow a little faster in the changed reference than in the stated one, from which the bounds are.
SLACK = 4.0
# All hypotheses together take at most so many times what the envelope of the rung took; the proof takes it once more.
SPANS = 2


def shorten(context: Context, answers: Answers, culprit: str, verdict: Verdict) -> Shortened:
    """The free runs up to the step of the verdict and `AHEAD` more, with a cheap test of hypotheses on the culprit."""
    steps = context.free_steps if verdict.step is None else min(context.free_steps, verdict.step + 1 + AHEAD)
    shorter = context.over(steps)
    cut = {name: _cut(answer, steps) for name, answer in answers.items()}
    budget = SPANS * context.free_steps * (1 + DRAWS)
    return Shortened(shorter, cut, _Screen(shorter, cut[culprit], steps, budget).admits, is_run=True)


def _cut(answer: Answer, steps: int) -> Answer:
    return replace(answer, arrays={name: values[:steps] for name, values in answer.arrays.items()})


class _Screen:
    """Tests references against the curves of one arm. `budget`: the steps that their runs may take together."""

    def __init__(self, context: Context, answer: Answer, steps: int, budget: int) -> None:
        self.context, self.answer, self.steps, self.budget = context, answer, steps, budget

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """By the name of the curve, in the order of the reference's, what the arm claims."""
        by_curve = checks_by_curve(self.context, {self.answer.arm.name: self.answer})
        names = (LOSS, *columns(self.context.experiment.model, DIGESTS))
        return {name: by_curve[name].claims[self.answer.arm.name] for name in names}

    @cached_property
    def bounds(self) -> FloatArray:
        """(steps, curves): the widest bounds for the arm; those of the ledger if it has entries for the arm."""
        excuses = [claim.excuse() if claim.excuse else None for claim in self.claims.values()]
        bounds = [
            claim.tolerance.bound if excuse is None or excuse.bound is None else excuse.bound
            for claim, excuse in zip(self.claims.values(), excuses, strict=True)
        ]
        return np.column_stack([np.broadcast_to(bound, (self.steps,)) for bound in bounds])

    def admits(self, given: Context) -> bool:
        """Whether the reference with these changes is within `SLACK` times the bounds at every step."""
        claimed = [claim.values for claim in self.claims.values()]
        if self.budget <= 0 or any(values.shape != (self.steps,) for values in claimed):
            return False
        for step, curves in enumerate(oracle_steps(given, self.steps)):
            self.budget -= 1
            errors = error_against(np.array([values[step] for values in claimed]), curves)
            if np.any((errors > SLACK * self.bounds[step]) & np.isfinite(self.bounds[step])):
                return False
        self.budget -= self.steps * (1 + DRAWS)  # what the judge takes
        return True
