"""Keeps the check of a pair within its budget, by what a step of training took while the models were built.

The reductions, in this order, each as far as needed: fewer free steps, of the rungs `self` and `trajectory`; fewer
teacher-forced steps; and last, the rungs of trainings are left out. Fewer steps leave every tolerance as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harness.judging.repeats import RUNS
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import MODEL, SELF, STEP, TRAJECTORY
from harness.subjects.pair.spec import Pair

Seconds = Mapping[str, Mapping[str, float]]  # of a step, by arm and precision
FEWEST_FREE, FEWEST_FORCED = 2, 1
# Steps that rung `model` takes: evaluation, training and gradients, and once more with a side changed or followed.
PASSES_OF_MODEL = 8


@dataclass(frozen=True)
class Plan:
    """What the budget leaves of a pair. `stated_s`: the estimate for the pair as stated. `left_out`: rungs."""

    pair: Pair
    stated: Pair
    stated_s: float
    left_out: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """What is asked less than stated; nothing if all of it is asked."""
        if self.pair == self.stated and not self.left_out:
            return []
        steps = f"{self.pair.steps} of {self.stated.steps} free steps"
        forced = f"{self.pair.forced_steps} of {self.stated.forced_steps} forced steps"
        asked = f"rungs {', '.join(self.left_out)} are left out" if self.left_out else f"{steps}; {forced}"
        return [f"to keep within comparison.budget_s={self.stated.comparison.budget_s:g}: {asked}; {self._why}"]

    @property
    def _why(self) -> str:
        return f"all of it would take {self.stated_s:.0f} s by an estimate"

    def verdicts_on(self, rung: str) -> list[Verdict]:
        """The verdict on a rung that is left out."""
        a, b = (arm.name for arm in self.pair.arms)
        cause = f"left out, to keep within comparison.budget_s={self.stated.comparison.budget_s:g}; {self._why}"
        return [Verdict(rung=rung, subject="training", arm_a=a, arm_b=b, status="unverified", cause=cause)]


def estimate(pair: Pair, seconds: Seconds) -> dict[str, float]:
    """By rung, the seconds that the slower side takes; both answer side by side."""

    def slower(of_arm: Callable[[float, float], float]) -> float:
        own = {arm.name: arm.precision for arm in pair.arms}
        return max(
            (of_arm(by[own[name]], sum(s for precision, s in by.items())) for name, by in seconds.items() if by),
            default=0.0,
        )

    by_rung = {
        SELF: slower(lambda own, both: len(RUNS) * pair.steps * own),
        MODEL: slower(lambda own, both: PASSES_OF_MODEL * both),
        STEP: slower(lambda own, both: pair.forced_steps * both),
        TRAJECTORY: slower(lambda own, both: pair.steps * both),
    }
    asked = [rung for rung in by_rung if not pair.rungs or rung in pair.rungs]
    # The rungs below one that is asked are climbed too, except for `self`.
    climbed = list(by_rung)[: max(map(list(by_rung).index, asked), default=-1) + 1]
    return {rung: s for rung, s in by_rung.items() if rung in climbed and (rung != SELF or rung in asked)}


def planned(pair: Pair, seconds: Seconds, spent_s: float) -> Plan:
    """What the budget leaves of the pair after `spent_s` seconds."""
    stated_s = spent_s + sum(estimate(pair, seconds).values())
    budget_s = pair.comparison.budget_s
    if budget_s is None or stated_s <= budget_s:
        return Plan(pair, pair, stated_s)
    fitting = (each for each in _reduced(pair) if spent_s + sum(estimate(each, seconds).values()) <= budget_s)
    reduced = next(fitting, None)
    return Plan(reduced, pair, stated_s) if reduced else Plan(pair, pair, stated_s, (SELF, STEP, TRAJECTORY))


def _reduced(pair: Pair) -> Iterator[Pair]:
    """The pair with ever fewer steps, in the stated order."""
    fewest = min(pair.steps, FEWEST_FREE)
    for steps in range(pair.steps - 1, max(fewest, pair.forced_steps) - 1, -1):
        yield pair.model_copy(update={"steps": steps})
    for forced in range(pair.forced_steps - 1, FEWEST_FORCED - 1, -1):
        yield pair.model_copy(update={"steps": max(fewest, forced), "forced_steps": forced})
