"""The register of rungs: one list of names, and which rungs a choice of names leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import harness.rungs
from harness.rungs import registry

LIVE = ["self", "schedule", "applied-lr", "activation", "loss", "initializer", "layer", "clipping", "optimizer"]
LIVE += ["inputs", "model", "step", "trajectory"]


def test_every_module_holds_the_rung_of_its_name() -> None:
    assert tuple(rung.name for rung in registry.rungs()) == registry.names()


def test_every_rung_asks_or_judges_trainings() -> None:
    assert all(rung.question or rung.judge_trainings for rung in registry.rungs())


def test_every_file_with_a_rung_is_registered() -> None:
    files = Path(harness.rungs.__file__).parent.glob("*.py")
    holding = {file.stem for file in files if "\nRUNG = " in file.read_text()}
    assert holding == set(registry.MODULES.values())


def test_names_are_known_before_any_rung_is_imported() -> None:
    script = "import sys; from harness.rungs.registry import names; names(); print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MODULES", {"steps": "step"})
    with pytest.raises(ValueError, match=r"harness\.rungs\.step holds the rung step, and is registered as steps"):
        registry.rungs.__wrapped__()


OF_TRAININGS = ["inputs", "trajectory", "evaluation", "convergence", "expected"]


@pytest.mark.parametrize(
    ("chosen", "asking", "judging"),
    [
        ([], LIVE, OF_TRAININGS),
        (["step", "self"], ["self", "step"], OF_TRAININGS),
        (["trajectory"], ["trajectory"], OF_TRAININGS),
        (["convergence"], [], ["convergence"]),
        (["expected", "loss"], ["loss"], ["expected"]),
        (["expected", "trajectory"], ["trajectory"], ["trajectory", "expected"]),
    ],
)
def test_a_choice(chosen: list[str], asking: list[str], judging: list[str]) -> None:
    assert list(registry.questions(chosen)) == asking
    assert [rung.name for rung in registry.of_trainings(chosen)] == judging


def test_what_needs_a_training() -> None:
    assert registry.training_only(["expected", "trajectory", "convergence", "self"]) == ["convergence", "expected"]
    assert registry.training_only(["trajectory", "self"]) == []
