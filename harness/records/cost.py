"""What a check was estimated to cost, and how much of it was asked: `cost.json` in a run's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from harness.records.verdict import Verdict
from harness.spec.base import Spec
from harness.spec.numbers import Count

BUDGET = "comparison.budget_s"
Seconds = Annotated[float, Field(ge=0)]
# By rung, the fields of an extent that its verdicts depend on.
DEPENDS_ON = {
    "self": ("self_steps",),
    "step": ("forced_samples",),
    "trajectory": ("free_steps", "self_steps"),
}
# The same of the verdicts on trainings.
DEPENDS_ON_OF_TRAININGS = {"trajectory": ("checkpoints", "free_steps"), "evaluation": ("checkpoints",)}
IN_WORDS = {
    "checkpoints": "checkpoints",
    "free_steps": "free steps",
    "self_steps": "steps of rung self",
    "forced_samples": "samples of a teacher-forced batch",
}


class Extent(Spec):
    """How much is asked of arms and reference.

    `checkpoints`: the states of a training from which the reference goes on, and which it scores; 0 where nothing is
    trained. `free_steps`: of a free run. `self_steps`: of each of the runs by which an arm is compared with itself.
    `forced_samples`: the first samples of each batch, by which the teacher-forced steps are made. `left_out`: rungs
    that are not climbed.
    """

    checkpoints: Annotated[int, Field(ge=0)] = 0
    free_steps: Count
    self_steps: Count
    forced_steps: Count
    forced_samples: Count
    left_out: tuple[str, ...] = ()

    def at_most(self, other: Extent) -> Extent:
        """What both extents hold."""
        counts = {name: min(value, getattr(other, name)) for name, value in self if name != "left_out"}
        return Extent(**counts, left_out=tuple(dict.fromkeys(self.left_out + other.left_out)))


class Rates(Spec):
    """What was measured here, in seconds, scaled to one step on a whole batch.

    `reference_float64`, `reference_float32`: of the reference. `arms`: by arm. `compilations`: by arm, the first call
    less the second.
    """

    reference_float64: Seconds
    reference_float32: Seconds
    arms: dict[str, Seconds]
    compilations: dict[str, Seconds]


class CostPlan(Spec):
    """The plan of a check's cost.

    `stated`: what the experiment asks for. `asked`: what the budget leaves of it. `stated_s`, `asked_s`: by rung, the
    estimated seconds of both; in `asked_s` of a rung that is left out, the seconds that it would take at its smallest.
    """

    schema_version: Literal[1] = 1
    budget_s: Seconds
    rates: Rates
    stated: Extent
    asked: Extent
    stated_s: dict[str, Seconds]
    asked_s: dict[str, Seconds]

    @property
    def is_reduced(self) -> bool:
        """Whether less is asked than was stated."""
        return self.asked != self.stated

    @property
    def by_budget(self) -> str:
        """The key with its value, which every note on a reduction names."""
        return f"{BUDGET}={self.budget_s:g}"

    @property
    def reductions(self) -> str:
        """What was reduced, in words: `free steps 20 -> 6 by comparison.budget_s=120`; empty if nothing was."""
        return self._noted(tuple(IN_WORDS), self.asked.left_out)

    @property
    def in_words(self) -> str:
        """The estimate with the shares of the rungs, and what becomes of it, in one line."""
        total_s = sum(self.stated_s.values())
        asked_s = sum(seconds for rung, seconds in self.asked_s.items() if rung not in self.asked.left_out)
        shares = sorted(self.stated_s.items(), key=lambda item: -item[1])
        listed = ", ".join(f"{rung} {seconds:.0f} s" for rung, seconds in shares if seconds >= 0.5)
        share = f" ({listed})" if listed else ""
        text = f"about {_seconds(total_s)} here{share}, more than {self.by_budget}"
        return f"{text}; {self.reductions}: about {_seconds(asked_s)}" if self.is_reduced else text

    def why_left_out(self, rung: str) -> str:
        """Why a rung is not climbed, with what it would take at the least."""
        stated, smallest = _seconds(self.stated_s[rung]), _seconds(self.asked_s[rung])
        would_take = f"it would take about {stated} here, and about {smallest} at its smallest"
        return f"{self.by_budget} leaves no time for it: {would_take}; {BUDGET}=null is no limit"

    def noted(self, rung: str, verdicts: Sequence[Verdict], of_trainings: bool = False) -> list[Verdict]:
        """The verdicts of a rung, whose source or else cause says what was reduced of it.

        `of_trainings`: whether they are on records of trainings, and not on answers.
        """
        note = self._noted((DEPENDS_ON_OF_TRAININGS if of_trainings else DEPENDS_ON).get(rung, ()), ())
        return [_with_note(verdict, note) for verdict in verdicts] if note else list(verdicts)

    def _noted(self, fields: Sequence[str], left_out: Sequence[str]) -> str:
        parts = list(self._reduced(fields)) + [f"without {', '.join(left_out)}"] * bool(left_out)
        return f"{', '.join(parts)} by {self.by_budget}" if parts else ""

    def _reduced(self, fields: Sequence[str]) -> Iterator[str]:
        for name in fields:
            stated, asked = getattr(self.stated, name), getattr(self.asked, name)
            if asked != stated:
                yield f"{IN_WORDS[name]} {stated} -> {asked}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def _with_note(verdict: Verdict, note: str) -> Verdict:
    field = "tolerance_source" if verdict.tolerance_source else "cause"
    text = "; ".join(filter(None, (getattr(verdict, field), note)))
    return verdict.model_copy(update={field: text})
