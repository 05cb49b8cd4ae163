"""Steps at which the reference overflows in float32: from there on no value is right or wrong.

An overflow need not be seen in the result. Where the norm of the gradients overflows, clipping by it may give 0 or NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from adapters.reference.rounding import telling
from harness.judging.checks import Check


@contextmanager
def noticed_overflows() -> Iterator[list[str]]:
    """Context that collects the overflows of arithmetic and of rounding, also those that the result does not show."""
    overflows = list[str]()
    with np.errstate(over="call", call=lambda kind, _: overflows.append(kind)), telling(overflows):
        yield overflows


def up_to_overflow(checks: Sequence[Check]) -> list[Check]:
    """The checks of the steps before the reference overflows in float32.

    If the first update overflows, what was computed before it is judged.
    """
    counts = {id(check): steps_before_overflow(check) for check in checks}
    count = max(1, min(counts.values()))
    sound = [check for check in checks if counts[id(check)] >= count]
    return list(checks) if count == len(checks[0].reference) else [check.upto(count) for check in sound]


def steps_before_overflow(check: Check) -> int:
    """The number of steps of a curve, (steps,), at which the reference and all tolerances are finite."""
    count = len(check.reference)
    for claim in check.claims.values():
        bound = np.broadcast_to(claim.tolerance.bound, np.shape(check.reference))
        overflows = np.flatnonzero(~np.isfinite(bound) | ~np.isfinite(check.reference))
        count = min(count, int(overflows[0])) if overflows.size else count
    return count
