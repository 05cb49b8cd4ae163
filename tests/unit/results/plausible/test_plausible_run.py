"""What cannot be of the records of a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from left_records import Build

from harness.results.plausible import run
from harness.results.recorded import RecordedRun
from harness.spec import Experiment

PLAN = {"seed": 3, "batch_size": 10, "parameters": 7850, "multiply_adds": 7840, "epochs": 4, "steps": 16}
PLAN |= {"digest": "0" * 64, "data_digest": "1" * 64}


def recorded(experiment: Experiment | None, statuses: tuple[Any, ...] = (), **plan: Any) -> RecordedRun:
    said = {key: value for key, value in {**PLAN, **plan}.items() if value is not ...}
    return RecordedRun(Path("run"), experiment, said, pd.DataFrame({"status": statuses}), {})


def test_the_plan_of_the_experiment(experiment_of: Build) -> None:
    assert list(run.plan_of_the_experiment(recorded(experiment_of()))) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 4}, "seed is 4, and 3 in the experiment"),
        ({"batch_size": 10.0}, "batch_size is 10.0, and 10 in the experiment"),
        ({"parameters": ...}, "parameters is None, and 7850 in the experiment"),
        ({"epochs": 5}, "epochs is 5, and 4 were to be planned"),
        ({"steps": 0}, "steps is 0, and some were to be planned"),
        ({"data_digest": "0" * 63}, f"data_digest is {'0' * 63!r}, which is no SHA-256"),
        ({"digest": ...}, "digest is 'None', which is no SHA-256"),
    ],
)
def test_another_plan(experiment_of: Build, changed: dict[str, Any], told: str) -> None:
    assert list(run.plan_of_the_experiment(recorded(experiment_of(), **changed))) == [told]


def test_more_steps_than_a_training_may_take(experiment_of: Build) -> None:
    experiment = experiment_of(training={"epochs": 4, "batch_size": 10, "max_steps": 8})
    assert list(run.plan_of_the_experiment(recorded(experiment, steps=8))) == []
    assert list(run.plan_of_the_experiment(recorded(experiment, steps=9))) == ["steps is 9, and 8 were to be planned"]


def test_without_an_experiment_nothing_says_what_the_plan_should_be() -> None:
    assert list(run.plan_of_the_experiment(recorded(None, seed="x"))) == []


def test_a_check_comes_to_a_known_status() -> None:
    assert list(run.outcomes(recorded(None, ("agrees", "known", "crashed")))) == []
    assert list(run.outcomes(recorded(None, ("agrees", "AGREES", "fine")))) == [
        "row 1: status is 'AGREES', which no check comes to"
    ]
