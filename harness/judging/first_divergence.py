"""The first divergence: at which step, in which check, and what is special about that step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.checks import Check
from harness.judging.judge import excess
from harness.plan import Plan
from harness.records.verdict import Verdict
from harness.spec.schedules import Schedule


def first_step(checks: Sequence[Check], arms: Sequence[str]) -> tuple[int, Check] | None:
    """The first step at which a claim exceeds its tolerance, and its check; None if no claim does.

    The first axis of every check is the step. Of several checks at that step the first in order counts. A claim of
    another shape than its reference diverges at step 0.
    """
    first: tuple[int, Check] | None = None
    for check in checks:
        for arm in arms:
            ratio = excess(check.claims[arm], check.reference)
            step = 0 if ratio is None else int(np.argmax(ratio > 1)) if np.any(ratio > 1) else None
            if step is not None and (first is None or step < first[0]):
                first = step, check
    return first


def first_of(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The first diverging verdict of a rung: the earliest step, a pair before a single arm; None if none diverges."""
    diverging = [verdict for verdict in verdicts if verdict.status == "diverges"]
    # A verdict on a pair comes first, because it names the one of the two that is wrong.
    return min(diverging, key=lambda verdict: (verdict.step or 0, not verdict.judgement), default=None)


def when(schedule: Schedule, step: int, plan: Plan | None = None) -> str:
    """What is special about a step, in words: the rate changes after a constant one, an epoch begins, a short batch."""
    remarks = []
    rates = oracle(schedule, np.arange(max(0, step - 2), step + 1))
    if len(rates) == 3 and rates[2] != rates[1] == rates[0]:
        remarks.append("when the rate changes")
    if plan is not None and len(plan.orders) > 1:
        starts = np.cumsum([0, *(-(-len(order) // plan.batch_size) for order in plan.orders)])
        if step and step in starts[:-1]:
            remarks.append(f"the first of epoch {int(np.searchsorted(starts, step)) + 1}")
        if step + 1 in starts and len(plan.orders[int(np.searchsorted(starts, step + 1)) - 1]) % plan.batch_size:
            remarks.append("of a short batch")
    return ", ".join(remarks)
