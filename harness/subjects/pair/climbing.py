"""The state that the rungs of a pair share: their inputs, and the results that later rungs use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.oracles.own_float64 import Side, no_measure, reduced_precision
from harness.records.array_types import FloatArray
from harness.spec.arm import Arm
from harness.spec.schedules import Schedule
from harness.subjects.pair.mapping import Match, Pairing
from harness.subjects.pair.outputs import OutputPairs, paired_outputs
from harness.subjects.pair.spec import RUNGS, Pair
from harness.system.array_files import Arrays

SELF, SCHEDULE, LOSS, OPTIMIZER, MODEL, STEP, TRAJECTORY = RUNGS
# By arm: the result of a worker's task and its arrays.
Answers = dict[str, tuple[dict[str, Any], Arrays]]
# `ask(task, **payload)` gives a worker task to both sides; `ask(task, by_arm=payloads)` to the named arms.
AskSides = Callable[..., Answers]


@dataclass
class Climb:
    """The state of a pair's check.

    `built`: by arm, what its builder's model consists of. `matches`: the corresponding parameters;
    `pairing` is how they were found, and what found no partner. `rows`: by kernel of
    a dense layer, the image (H, W, C) that is flattened before it. `weights`: the initial weights by shared name.
    `answered`: the answers of rung `model`. `apart`: the largest relative difference of the sides in float64.
    `loss_bound`: the error that float32 may make in one loss. `spreads`: by arm, (steps,), the distance between its
    repeated runs. `walked`: both free-running trainings. `distrusted`: by arm, why its float64 is
    no measure. `remarks`: notes for the report. `table`: the rates of the first side's own schedule, if it has one.
    `exactly`: whether the rungs are climbed again with operations of the ledger computed exactly: they judge only then,
    and name no causes.
    """

    pair: Pair
    scratch: Path
    ask: AskSides
    built: Mapping[str, Mapping[str, Any]]
    matches: Sequence[Match]
    pairing: Pairing | None = None
    rows: dict[str, list[int]] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    start_digests: dict[str, str] = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)
    apart: float | None = None
    loss_bound: float = 0.0
    spreads: dict[str, FloatArray] = field(default_factory=dict)
    walked: tuple[Side, Side] | None = None
    distrusted: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    table: Schedule | None = None
    exactly: bool = False

    @property
    def arms(self) -> tuple[Arm, Arm]:
        return self.pair.arms[0], self.pair.arms[1]

    @property
    def start(self) -> Path:
        return self.scratch / "weights.npz"

    @property
    def trial(self) -> Path:
        """The file of the weights at which possible partners are tried."""
        return self.scratch / "trial.npz"

    @property
    def teacher(self) -> Path:
        """The file of the teacher's weights, and later also its gradients, for the teacher-forced steps."""
        return self.scratch / "teacher.npz"

    @property
    def spread(self) -> Any:
        """The larger distance between the repeated runs of one side, (steps,); 0 if both sides repeat themselves."""
        return np.max(list(self.spreads.values()), axis=0) if self.spreads else 0.0

    def read(self, answers: Answers) -> tuple[Side, Side]:
        """The tensors that both sides answered, in their arms' precision and in float64.

        A side whose float64 turns out to be no measure has none from then on.
        """
        a, b = (
            replace(
                Side.of(arm, answers[arm.name][1], self.built[arm.name]["refused"]),
                reduced=reduced_precision(self.built[arm.name]["reduced"]),
            )
            for arm in self.arms
        )
        for side, other in ((a, b), (b, a)):
            reason = "" if side.name in self.distrusted else no_measure(side, other)
            if reason:
                self.distrusted[side.name] = f"its float64 is no measure: {reason}"
        first, second = (
            side.without_float64(self.distrusted[side.name]) if side.name in self.distrusted else side
            for side in (a, b)
        )
        return first, second

    @cached_property
    def trainable(self) -> list[str]:
        return [match.name for match in self.matches if match.trainable]

    @cached_property
    def kept(self) -> list[str]:
        return [match.name for match in self.matches if match.kept]

    @cached_property
    def outputs(self) -> OutputPairs:
        return paired_outputs({arm.name: self.built[arm.name] for arm in self.arms})

    @cached_property
    def random(self) -> dict[str, str]:
        """By arm, where its training is random although its dropout is off; none of an arm whose training is not."""
        return {arm.name: text for arm in self.arms if (text := self.built[arm.name].get("random", ""))}

    @property
    def channels_first(self) -> str:
        """The name of the side whose images are channels first, if the other's are not; else empty."""
        layouts = {arm.name: self.pair.models[arm.adapter].layout for arm in self.arms}
        first = [name for name, layout in layouts.items() if layout == "channels_first"]
        return first[0] if len(first) == 1 else ""

    def spoken(self, name: str) -> str:
        """A shared name together with the names in both frameworks."""
        match = next(m for m in self.matches if m.name == name)
        return f"{name} ({match.a.name} / {match.b.name})"
