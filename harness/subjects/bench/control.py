"""Whether the machine was the same in every round, by the time of the control.

It moved if either holds of the control's times in the order of the rounds:

- **It drifted**: the exact Mann-Whitney test that a gate uses tells the second half of the rounds from the first, at
  0.01 to either side and by 2 % or more (`harness.timing.drift.change_within`). This takes 9 rounds.
- **It is unsteady**: two rounds typically differ by more than `LIMIT`, as the median over all pairs of rounds.

Neither becomes likelier with more rounds, as the ratio of the slowest to the fastest does. A few slow rounds are not
enough for either: rows are compared within rounds, and the median over rounds does not follow a few of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.results.timings import Timings
from harness.timing.drift import change_within, typical_difference

# On a quiet machine the median over a round varies by 2 to 3 %.
LIMIT = 0.1


@dataclass(frozen=True)
class Control:
    """`times_s`: the median time of the control's work in each round that timed it."""

    times_s: dict[int, float]

    @classmethod
    def of(cls, timings: Timings) -> Control:
        """The control of a bench."""
        return cls({p.round: timings.median_step_s(p.number) for p in timings.control})

    @cached_property
    def difference(self) -> float:
        """How far two rounds typically differ, relative to the faster one; 0 with less than two."""
        return typical_difference(list(self.times_s.values()))

    @cached_property
    def drift(self) -> float:
        """How many times as long the second half of the rounds took; 1 if that may be noise."""
        return change_within([self.times_s[number] for number in sorted(self.times_s)])

    @property
    def has_moved(self) -> bool:
        """Whether the times of different rounds are of different machines, so to speak."""
        return self.drift != 1 or self.difference > LIMIT

    @property
    def in_words(self) -> str:
        """How the time changed over the rounds."""
        if len(self.times_s) < 2:
            return "the control was timed in fewer than two rounds, so that nothing shows whether the machine moved"
        text = f"the control's time differs by {self.difference:.1%} between two rounds, as the median over pairs"
        if self.difference > LIMIT:
            text += f", more than {LIMIT:.0%}"
        if self.drift != 1:
            text += f"; in the second half of the rounds it was {self.drift:.3f} times that in the first"
        return f"{text}: the machine moved" if self.has_moved else text
