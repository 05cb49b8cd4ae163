"""What the rungs of a pair are given, and what they find out on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.oracles.own_float64 import Side
from harness.records.array_types import FloatArray
from harness.spec.arm import Arm
from harness.subjects.pair.mapping import Match
from harness.subjects.pair.spec import RUNGS, Pair
from harness.system.array_files import Arrays

SELF, MODEL, STEP, TRAJECTORY = RUNGS
# The task with its payload by arm, or the same for both: the result and the arrays of each.
Answers = dict[str, tuple[dict[str, Any], Arrays]]
# `ask(task, payload)` gives a worker task to both sides; the payload is the same for both, or by arm.
AskSides = Callable[..., Answers]


@dataclass
class Climb:
    """What the rungs are given, and what they find out on the way."""

    pair: Pair
    scratch: Path
    ask: AskSides
    built: Mapping[str, Mapping[str, Any]]
    matches: Sequence[Match]
    rows: dict[str, list[int]] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)
    apart: float | None = None
    loss_bound: float = 0.0
    spreads: dict[str, FloatArray] = field(default_factory=dict)
    walked: tuple[Side, Side] | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def arms(self) -> tuple[Arm, Arm]:
        return self.pair.arms[0], self.pair.arms[1]

    @property
    def start(self) -> Path:
        return self.scratch / "weights.npz"

    @property
    def teacher(self) -> Path:
        """The weights, and then the gradients, that the teacher-forced steps are given."""
        return self.scratch / "teacher.npz"

    @property
    def spread(self) -> Any:
        """How far apart the runs of one side lie, at each step, whichever side's more; 0 where both repeat."""
        return np.max(list(self.spreads.values()), axis=0) if self.spreads else 0.0

    def read(self, answers: Answers) -> tuple[Side, Side]:
        """What both sides answered, in their arm's precision and in float64."""
        a, b = (Side.of(arm, answers[arm.name][1], self.built[arm.name]["refused"]) for arm in self.arms)
        return a, b

    @cached_property
    def trainable(self) -> list[str]:
        return [match.name for match in self.matches if match.a.trainable]

    @cached_property
    def kept(self) -> list[str]:
        return [match.name for match in self.matches if not match.a.trainable]

    @property
    def channels_first(self) -> str:
        """The side whose images lie channels first, where the other's do not."""
        layouts = {arm.name: self.pair.models[arm.adapter].layout for arm in self.arms}
        first = [name for name, layout in layouts.items() if layout == "channels_first"]
        return first[0] if len(first) == 1 else ""

    def spoken(self, name: str) -> str:
        """A shared name with both frameworks'."""
        match = next(m for m in self.matches if m.name == name)
        return f"{name} ({match.a.name} / {match.b.name})"
