"""`rungs=[...]` with rungs that judge trainings: they are a choice like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, SMALL, finish, start

ARMS = "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32}]"
BRIEF = [*SMALL, "training.batch_size=500", "out=run"]


def matched(folder: Path, *more: str) -> tuple[int, str, list[dict[str, Any]]]:
    """Exit code, output, and the recorded verdicts."""
    code, out, err = finish(start(["match", *BRIEF, *more], folder))
    assert "Traceback" not in out + err
    return code, out, pd.read_parquet(folder / "run" / "verdicts.parquet").to_dict("records")


@pytest.mark.nightly  # by day its judgement: tests/unit/rungs/test_convergence.py
def test_convergence_alone(tmp_path: Path) -> None:
    code, out, verdicts = matched(tmp_path, ARMS, "rungs=[convergence]")
    assert code == ONLY_THE_REFERENCE, out
    assert [(v["rung"], v["arm_a"], v["arm_b"], v["status"]) for v in verdicts] == [
        ("convergence", "wide", "narrow", "agrees")
    ]
    assert "  rung convergence 1 check   agrees" in out
    assert "judged: test accuracy after the last epoch; not judged: learning rates of all" in out
    assert "rungs that were not asked for (self, " in out


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("chosen", "arms"), [("convergence", "arms=[{use: reference, name: wide}]"), ("expected", ARMS)]
)
def test_a_chosen_rung_that_has_nothing_to_judge_is_unverified(tmp_path: Path, chosen: str, arms: str) -> None:
    _, out, verdicts = matched(tmp_path, arms, f"rungs=[loss,{chosen}]")
    assert [v["status"] for v in verdicts if v["rung"] == chosen] == ["unverified"]
    assert f"UNVERIFIED: rung {chosen}" in out


@pytest.mark.nightly
def test_over_seeds_the_study_judges_it(tmp_path: Path) -> None:
    short = ["training.max_steps=4", "rungs=[convergence]"]
    _, out, verdicts = matched(tmp_path, "arms=[{use: reference, name: wide}]", *short, "seeds=2")
    assert [(v["rung"], v["status"]) for v in verdicts] == [("convergence", "unverified")]
    assert "AGREES" not in out


@pytest.mark.nightly
def test_over_seeds_it_may_be_left_out(tmp_path: Path) -> None:
    expected = "expected=[{kind: accuracy, low: 0, high: 1}]"
    _, _, verdicts = matched(tmp_path, ARMS, expected, "rungs=[expected]", "training.epochs=1", "seeds=2")
    assert verdicts == []
    for seed in (0, 1):
        of_run = pd.read_parquet(tmp_path / "run" / f"seed{seed}" / "verdicts.parquet")
        assert list(of_run["rung"]) == ["expected"] * 2


def test_check_refuses_what_needs_a_training(tmp_path: Path) -> None:
    code, _, err = finish(start(["check", *BRIEF, ARMS, "rungs=[loss,convergence]"], tmp_path))
    assert code == 2
    assert "rungs: convergence judges what trainings recorded, and check makes none; choose it for twinrun match" in err
    assert not (tmp_path / "run").exists()
