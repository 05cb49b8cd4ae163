"""A timed training has its device for itself, and is flagged where the device's memory was not free again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.records.trace import Trace
from harness.scenarios import phases
from harness.spec.arm import Arm
from harness.system import accelerators
from harness.system.progress import ignore
from harness.worker import devices

MIB = 1 << 20


def run_of(**reported: str) -> Any:
    arm = Arm(name="a", adapter="reference", mode="numpy")
    run = SimpleNamespace(traces={"a": Trace(arm=arm, environment=reported)}, listener=SimpleNamespace(work=ignore))

    def update(name: str, **fields: Any) -> None:
        run.traces[name] = run.traces[name].model_copy(update=fields)

    run.update = update
    return run


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A device on which 300 MiB more stay in use than before the first process."""
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "_baselines", {accelerators.Accelerator("gpu", "0"): 100 * MIB})
    monkeypatch.setattr(devices, "SETTLED_S", 0.02)
    monkeypatch.setattr(devices, "POLL_S", 0.01)
    monkeypatch.setattr(accelerators, "used_bytes", lambda device: 400 * MIB)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("held")
def test_the_row_is_flagged_and_shows_it(tmp_path: Path) -> None:
    run = run_of(device="gpu")
    with phases.timed_alone([run], "a", tmp_path):
        pass
    flag = "gpu 0 still held 300 MiB more than its baseline after 0.02 s, when the job began"
    assert run.traces["a"].device_flag == flag
    assert run.traces["a"].summary()["settings"] == [flag]


@pytest.mark.usefixtures("held")
def test_a_processor_is_not_watched(tmp_path: Path) -> None:
    run = run_of(device="cpu")
    with phases.timed_alone([run], "a", tmp_path):
        pass
    assert run.traces["a"].device_flag == ""
    assert not (tmp_path / devices.LOCKS).exists()
