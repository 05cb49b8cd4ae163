"""Where a difference stands first: the earliest step, and within it the phase, in the order things are computed in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.parity.checks import Check
from harness.parity.judge import excess


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
