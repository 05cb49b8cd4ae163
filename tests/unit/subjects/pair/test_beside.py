"""Penalties and constraints of one side's layers are told, and named as the cause where they may be it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.records.verdict import Verdict
from harness.subjects.pair.beside import explained_beside, remarks_beside

PENALTY = "tensorflow adds to the loss, as its layers say: dense/kernel: L2(l2=0.01)"
CONSTRAINT = "tensorflow holds parameters after every update, as its layers say: dense/kernel: NonNeg()"
NONE: dict[str, list[str]] = {"penalties": [], "constraints": []}
BOTH = {"penalties": ["dense/kernel: L2(l2=0.01)"], "constraints": ["dense/kernel: NonNeg()"]}


def climb_of(first: dict[str, list[str]], second: dict[str, list[str]]) -> Any:
    arms = [SimpleNamespace(name=name) for name in ("mindspore", "tensorflow")]
    return SimpleNamespace(arms=arms, built={"mindspore": first, "tensorflow": second})


def test_each_side_that_does_more_is_remarked() -> None:
    assert remarks_beside(climb_of(NONE, BOTH).built) == [PENALTY, CONSTRAINT]
    assert remarks_beside(climb_of(NONE, NONE).built) == []


@pytest.mark.parametrize(
    ("phase", "told"), [("loss", PENALTY), ("gradient", PENALTY), ("update", CONSTRAINT), ("forward", ""), ("kept", "")]
)
def test_what_one_side_does_more_is_a_cause_in_its_phase(phase: str, told: str) -> None:
    verdict = Verdict(rung="model", subject="s", arm_a="mindspore", status="diverges", phase=phase, cause="apart")
    cause = explained_beside(climb_of(NONE, BOTH), verdict).cause
    assert cause == (f"apart; {told}" if told else "apart")
    assert explained_beside(climb_of(BOTH, BOTH), verdict) == verdict
    agreeing = verdict.model_copy(update={"status": "agrees"})
    assert explained_beside(climb_of(NONE, BOTH), agreeing) == agreeing
