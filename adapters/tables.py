"""The rate of every update as one float64 table: the `exact` schedule of every adapter."""

from __future__ import annotations

import numpy as np

from adapters.protocol import FloatArray
from adapters.reference.schedules import oracle
from harness.spec.schedules import Schedule


def rate_table(word: Schedule, steps: int) -> FloatArray:
    """`rate(t)` for t = 0 .. steps - 1 in float64; whoever feeds it to a framework rounds it once."""
    return oracle(word, np.arange(steps))
