"""The losses of two free-running trainings, live or recorded."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from harness.judging.checks import judge_checks
from harness.oracles.oracle import NO_CULPRIT, Place, check
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import TRAJECTORY

LOSSES = "losses"


def judge_losses(a: Side, b: Side, spread: Any = 0.0, least: float = 0.0) -> list[Verdict]:
    """The verdict on `losses`, (steps,): they may differ by the drift of each side from its own float64.

    `spread`: the distance between repeated runs of one side, (steps,) or one number. `least`: the error that float32
    arithmetic may make in any single loss.
    """
    oracle = losses_oracle(a, b, spread, least)
    subject = f"train_loss, steps 0 to {len(a.tensor(LOSSES)) - 1}"
    curve = check(TRAJECTORY, oracle, oracle.sides, LOSSES, Place(subject, name_index=lambda index: f"step {index[0]}"))
    return judge_checks([replace(curve, attribute=partial(_part_company, a, b))])


def losses_oracle(a: Side, b: Side, spread: Any = 0.0, least: float = 0.0) -> OwnFloat64:
    """The oracle of `losses`; it has no tolerance for them if neither side runs in float64 or their lengths differ."""
    oracle = OwnFloat64(a, b)
    if not (oracle.is_measured and oracle.is_shared(LOSSES)):
        return oracle
    return OwnFloat64.of_curves(a, b, {LOSSES: oracle.drift(LOSSES)}, spread, least)


def _part_company(a: Side, b: Side, verdict: Verdict) -> Verdict:
    """The verdict without a culprit: free runs show that two trainings differ, but not where."""
    if verdict.status == "agrees":
        return verdict.model_copy(update={"value_reference": None})
    cause = f"{a.name} and {b.name} part company: see the rungs below for where"
    return verdict.model_copy(update={**NO_CULPRIT, "cause": cause})
