"""Whether the machine was the same in every round, by the time of the control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.results.timings import Timings

# Between the fastest and the slowest round. The median of 20 repetitions varies by 2 to 3 % on a quiet machine.
LIMIT = 0.1


@dataclass(frozen=True)
class Control:
    """`times_s`: the median time of the control's work in each round that timed it."""

    times_s: dict[int, float]

    @classmethod
    def of(cls, timings: Timings) -> Control:
        """The control of a bench."""
        return cls({p.round: timings.median_step_s(p.number) for p in timings.control})

    @property
    def spread(self) -> float:
        """How much longer the slowest round took than the fastest, relative to the fastest; 0 with less than two."""
        times_s = list(self.times_s.values())
        return float(np.max(times_s) / np.min(times_s) - 1) if len(times_s) > 1 else 0.0

    @property
    def has_moved(self) -> bool:
        """Whether the times of different rounds are of different machines, so to speak."""
        return self.spread > LIMIT

    @property
    def in_words(self) -> str:
        """The spread over the rounds."""
        if len(self.times_s) < 2:
            return "the control was timed in fewer than two rounds, so that nothing shows whether the machine moved"
        moved = f", more than {LIMIT:.0%}: the machine moved" if self.has_moved else ""
        return f"the control's time varied by {self.spread:.1%} over {len(self.times_s)} rounds{moved}"
