"""A rung that says nothing agrees with nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from in_process import climb, context_of
from made_up_traces import verdict

from harness.judging.silence import silent_arms
from harness.records.verdict import Verdict
from harness.rungs import registry

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]},
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.1},
    "training": {"epochs": 1, "batch_size": 20, "max_steps": 3},
    "comparison": {"free_steps": 3},
}


def of_rung(verdicts: list[Verdict], rung: str) -> list[tuple[str, str]]:
    return [(each.arm_a, each.status) for each in verdicts if each.rung == rung]


def test_a_rung_without_a_word_is_unverified_where_it_was_asked_for(tmp_path: Path) -> None:
    context = context_of({**STATED, "rungs": ["loss", "clipping"]}, tmp_path, {"one": {}})
    verdicts, _ = climb(context)
    assert of_rung(verdicts, "clipping") == [("", "unverified")]
    assert {status for _, status in of_rung(verdicts, "loss")} == {"agrees"}


def test_a_rung_without_a_word_is_passed_over_where_it_was_not(tmp_path: Path) -> None:
    verdicts, _ = climb(context_of(STATED, tmp_path, {"one": {}}))
    assert of_rung(verdicts, "clipping") == []
    assert {each.status for each in verdicts} == {"agrees"}


@pytest.mark.parametrize("rung", ["self", "schedule", "loss", "layer", "optimizer", "model", "step", "trajectory"])
def test_a_rung_that_makes_no_check_is_unverified(tmp_path: Path, rung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mute = {rung: replace(registry.questions()[rung], judge=lambda *_: [])}
    monkeypatch.setattr(registry, "questions", lambda chosen=(): mute)
    context = context_of({**STATED, "rungs": [rung]}, tmp_path, {"one": {}, "other": {}})
    verdicts, _ = climb(context)
    assert of_rung(verdicts, rung) == [("one", "unverified"), ("other", "unverified")]


def test_an_arm_that_is_left_out_is_unverified() -> None:
    alone = verdict().model_copy(update={"arm_b": "reference"})
    (missing,) = silent_arms("model", ["one", "other"], [alone])
    assert (missing.arm_a, missing.status) == ("other", "unverified")
    assert silent_arms("model", ["one", "other"], [verdict()]) == []


def test_a_rung_about_the_plan_need_not_name_an_arm() -> None:
    drawn = verdict().model_copy(update={"arm_a": "plan", "arm_b": "reference"})
    assert silent_arms("initializer", ["one"], [drawn]) == []
    assert [each.arm_a for each in silent_arms("initializer", ["one"], [])] == ["one"]
