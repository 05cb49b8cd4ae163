"""Where and when a difference stands first."""

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
    """Of checks whose first axis is the step: the first at which a claim exceeds its tolerance, and in which check.

    Of several at that step the first in the order given. A claim of another shape is out of place from step 0.
    """
    found: tuple[int, Check] | None = None
    for check in checks:
        for arm in arms:
            over = excess(check.claims[arm], check.reference)
            step = 0 if over is None else int(np.argmax(over > 1)) if np.any(over > 1) else None
            if step is not None and (found is None or step < found[0]):
                found = step, check
    return found


def first_of(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The first divergence of a rung: the earliest step; of a pair sooner than of one arm; None where there is none."""
    diverging = [verdict for verdict in verdicts if verdict.status == "diverges"]
    # A verdict on a pair says who of the two is wrong.
    return min(diverging, key=lambda verdict: (verdict.step or 0, not verdict.judgement), default=None)


def when(schedule: Schedule, step: int, plan: Plan | None = None) -> str:
    """What is special about an update: the rate changes after it stood still, an epoch begins, a batch is short."""
    said = []
    rates = oracle(schedule, np.arange(max(0, step - 2), step + 1))
    if len(rates) == 3 and rates[2] != rates[1] == rates[0]:
        said.append("when the rate changes")
    if plan is not None and len(plan.orders) > 1:
        starts = np.cumsum([0, *(-(-len(order) // plan.batch_size) for order in plan.orders)])
        if step and step in starts[:-1]:
            said.append(f"the first of epoch {int(np.searchsorted(starts, step)) + 1}")
        if step + 1 in starts and len(plan.orders[int(np.searchsorted(starts, step + 1)) - 1]) % plan.batch_size:
            said.append("of a short batch")
    return ", ".join(said)
