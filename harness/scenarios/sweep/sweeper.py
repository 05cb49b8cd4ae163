"""The fields of a search, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.composition.mistakes import UserMistake, no_such
from harness.composition.sweep.spaces import Space
from harness.records.failure import in_one_line
from harness.records.sweep import Attempt, Job
from harness.scenarios.sweep.launchers.extras import package

ACCURACY, LOSS, TIME, DIVERGENCE = "accuracy", "loss", "time", "divergence"
MEASURES = {ACCURACY: "test_accuracy", LOSS: "test_loss", TIME: "step_time_s"}
SAMPLERS = ("tpe", "random", "bisect")
Direction = Literal["maximize", "minimize"]


@dataclass
class OptunaSweeper:
    """The fields are those of `conf/hydra/sweeper/twinrun_optuna.yaml`."""

    objective: str = ACCURACY
    direction: Direction | None = None
    arm: str | None = None
    n_trials: int = 20
    sampler: str = "tpe"
    seed: int = 0
    params: Mapping[str, str] = field(default_factory=dict)

    def check(self, space: Space) -> None:
        """Raises UserMistake, with all mistakes, where this cannot be searched."""
        mistakes = []
        objectives = (*MEASURES, DIVERGENCE, *space.keys)
        if self.objective not in objectives:
            complaint = f"hydra.sweeper.objective: given {self.objective!r}"
            mistakes.append(no_such(complaint, self.objective, objectives))
        if self.direction not in (None, "maximize", "minimize"):
            mistakes.append(f"hydra.sweeper.direction: given {self.direction!r}; allowed: maximize, minimize, null")
        if not isinstance(self.n_trials, int) or self.n_trials < 1:
            mistakes.append(f"hydra.sweeper.n_trials: given {self.n_trials!r}; allowed: a whole number > 0")
        if self.sampler not in SAMPLERS:
            mistakes.append(no_such(f"hydra.sweeper.sampler: given {self.sampler!r}", self.sampler, SAMPLERS))
        if self.sampler == "bisect" and (len(space.dimensions) != 1 or space.dimensions[0].choices):
            mistakes.append("hydra.sweeper.sampler=bisect: it searches one interval; sweep one key as interval(A,B)")
        key = next((dimension for dimension in space.dimensions if dimension.key == self.objective), None)
        if key is not None and key.choices and not all(map(_is_number, key.choices)):
            mistakes.append(f"hydra.sweeper.objective={self.objective}: its values are names, and none is the largest")
        if mistakes:
            raise UserMistake(mistakes)
        if self.sampler != "bisect":
            package("optuna", "optuna", "hydra/sweeper=twinrun_optuna")

    @property
    def maximizes(self) -> bool:
        """Whether a larger value of the objective is better."""
        if self.direction is not None:
            return self.direction == "maximize"
        return self.objective not in (LOSS, TIME, DIVERGENCE)

    def value_of(self, job: Job, row: Attempt) -> float | None:
        """The objective of a job; None where its run has none."""
        if self.objective in job.values:
            return float(job.values[self.objective])
        if self.objective == DIVERGENCE:
            return row.share
        named: dict[str, float | None] = {
            name: getattr(numbers, MEASURES[self.objective]) for name, numbers in row.arms.items()
        }
        values = [value for name, value in named.items() if value is not None and self.arm in (None, name)]
        if not values:
            return None
        return min(values) if self.maximizes else max(values)


def mistakes_of(node: Mapping[str, Any], space: Space) -> tuple[str, ...]:
    """What is wrong with the sweeper of Hydra's node for this space; empty where nothing is."""
    try:
        sweeper_of(node, space)
    except UserMistake as mistake:
        return mistake.mistakes
    return ()


def sweeper_of(node: Mapping[str, Any], space: Space) -> OptunaSweeper:
    """The sweeper of Hydra's node. Raises UserMistake where it cannot be made or cannot search the space."""
    from hydra.utils import instantiate

    try:
        sweeper = instantiate(dict(node))
    except Exception as error:
        raise UserMistake([f"hydra.sweeper: {node.get('_target_')} cannot be made ({in_one_line(error)})"]) from None
    if not isinstance(sweeper, OptunaSweeper):
        raise UserMistake([f"hydra.sweeper: {node.get('_target_')} is no sweeper of twinrun: basic, twinrun_optuna"])
    sweeper.check(space)
    return sweeper


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
