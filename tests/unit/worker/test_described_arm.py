"""What an arm's process says of itself: its environment, and the rank and devices that it was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import arm
from small_experiment import SMALL

from harness.spec.experiment import Experiment
from harness.system.accelerators import PLACEMENT
from harness.worker.session import Session
from harness.worker.tasks import TASKS


def described(folder: Path) -> dict[str, object]:
    import adapters

    experiment = Experiment.model_validate({"name": "described", "data": "mnist5k", **SMALL, "arms": [arm("a")]})
    (folder / "experiment.json").write_text(experiment.model_dump_json())
    session = Session(adapters.load(arm("a")), lambda *given, **named: None)
    environment: dict[str, object] = TASKS["describe"].answer(session, str(folder))["environment"]
    return environment


def test_the_rank_and_the_devices_are_recorded_where_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PLACEMENT:
        monkeypatch.delenv(name, raising=False)
    assert "placement" not in described(tmp_path)
    monkeypatch.setenv("RANK_ID", "3")
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", "5")
    assert described(tmp_path)["placement"] == {"RANK_ID": "3", "ASCEND_RT_VISIBLE_DEVICES": "5"}
