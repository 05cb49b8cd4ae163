"""Devices as resources: what an arm's process sees of them, one timed job on each, memory watched before it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.records.failure import WorkerFailedError
from harness.spec.arm import Arm
from harness.system import accelerators
from harness.system.accelerators import Accelerator
from harness.worker import devices
from harness.worker.process import Worker, environment_of

GPU = Accelerator("gpu", "0")
MIB = 1 << 20


def arm(**fields: Any) -> Arm:
    return Arm.model_validate({"name": "a", "adapter": "reference", "mode": "numpy", **fields})


@pytest.fixture(autouse=True)
def this_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "_baselines", {})
    for variable in accelerators.VISIBLE.values():
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"device": "gpu", "device_id": 2}, {"CUDA_VISIBLE_DEVICES": "2"}),
        ({"device": "npu", "device_id": 1}, {"ASCEND_RT_VISIBLE_DEVICES": "1"}),
        ({"device_id": 3}, {"CUDA_VISIBLE_DEVICES": "3", "ASCEND_RT_VISIBLE_DEVICES": "3"}),
        ({"device": "gpu"}, {}),
    ],
)
def test_a_process_sees_the_device_of_its_arm(fields: dict[str, Any], expected: dict[str, str]) -> None:
    environment = environment_of(arm(**fields))
    assert {name: environment[name] for name in accelerators.VISIBLE.values() if name in environment} == expected


def test_the_variables_of_the_arm_take_precedence() -> None:
    stated = arm(device="gpu", device_id=2, environment={"CUDA_VISIBLE_DEVICES": "5"})
    assert environment_of(stated)["CUDA_VISIBLE_DEVICES"] == "5"
    assert devices.device_of(stated) == Accelerator("gpu", "5")


def test_a_device_beyond_those_of_this_process_fails_the_arm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,7")
    assert environment_of(arm(device="gpu", device_id=1))["CUDA_VISIBLE_DEVICES"] == "7"
    with pytest.raises(WorkerFailedError, match="no gpu of index 2 among those of CUDA_VISIBLE_DEVICES=6,7") as failed:
        Worker(arm(device="gpu", device_id=2), tmp_path, tmp_path)
    assert (failed.value.failure.symptom, failed.value.failure.status) == ("missing_device", "unverified")


def test_a_processor_has_no_numbers() -> None:
    with pytest.raises(ValueError, match="device_id is 0, and device=cpu has no numbers"):
        arm(device="cpu", device_id=0)


def test_an_arm_without_a_number_is_written_as_before() -> None:
    assert "device_id" not in arm().model_dump()
    assert Arm.model_validate_json(arm(device="gpu", device_id=0).model_dump_json()).device_id == 0


def test_what_is_reported_decides_where_the_arm_says_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.device_of(arm(), "cpu") is None
    assert devices.device_of(arm(device_id=1), "ascend") == Accelerator("ascend", "1")
    monkeypatch.setattr(accelerators, "has_tool", lambda kind: kind == "gpu")
    assert devices.device_of(arm(adapter="tensorflow", mode="graph")) == GPU
    assert devices.device_of(arm()) is None  # the reference runs on processors only


def test_two_jobs_are_not_timed_on_one_device() -> None:
    order, said = list[str](), list[str]()

    def second() -> None:
        with devices.alone_on(GPU, said.append):
            order.append("second")

    with devices.alone_on(GPU, said.append), devices.alone_on(Accelerator("gpu", "1"), said.append):
        other = threading.Thread(target=second)
        other.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    other.join(timeout=10)
    assert order == ["first", "second"]
    assert said == ["waits for gpu 0: another process of twinrun times a job on it"]


def test_a_host_without_a_place_for_locks_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / devices.LOCKS).write_text("a file")
    said = list[str]()
    with devices.alone_on(GPU, said.append) as flag:
        assert flag == ""
    assert said == ["gpu 0 is not locked (File exists): another process of twinrun may time a job on it"]


def test_the_lock_of_a_dead_process_is_none(tmp_path: Path) -> None:
    child = os.fork()
    if not child:  # a host that dies while it times a job
        devices._locked(GPU, print).__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    said = list[str]()
    with devices.alone_on(GPU, said.append) as flag:
        assert (flag, said) == ("", [])


@pytest.mark.parametrize(("later_mib", "flag"), [([300, 40], ""), ([300] * 50, "gpu 0 still held 200 MiB")])
def test_memory_is_watched_until_it_is_back_near_its_baseline(
    monkeypatch: pytest.MonkeyPatch, later_mib: list[int], flag: str
) -> None:
    used = iter([100, 300, *later_mib])
    monkeypatch.setattr(accelerators, "used_bytes", lambda device: next(used) * MIB)
    monkeypatch.setattr(devices, "SETTLED_S", 0.05)
    monkeypatch.setattr(devices, "POLL_S", 0.02)
    monkeypatch.setattr(accelerators, "has_tool", lambda kind: True)
    devices.note_baselines([arm(device="gpu"), arm(device="cpu")])
    with devices.alone_on(GPU, print) as flagged:
        assert flagged.startswith(flag) if flag else flagged == ""


def test_an_arm_that_sees_one_ascend_has_it_as_number_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """CANN counts ASCEND_DEVICE_ID, and scripts count DEVICE_ID, among the visible devices."""
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", "4,5")
    monkeypatch.setenv("DEVICE_ID", "5")
    monkeypatch.setenv("RANK_ID", "13")
    environment = environment_of(arm(device="ascend", device_id=1))
    stated = ("ASCEND_RT_VISIBLE_DEVICES", "DEVICE_ID", "ASCEND_DEVICE_ID", "RANK_ID")
    assert [environment[name] for name in stated] == ["5", "0", "0", "13"]


def test_a_baseline_is_the_least_that_was_seen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sweep: what a job has left on its device is no baseline of the next."""
    used = [100 * MIB]
    monkeypatch.setattr(accelerators, "used_bytes", lambda device: used[-1])
    monkeypatch.setattr(devices, "POLL_S", 0.0)
    monkeypatch.setattr(devices, "SETTLED_S", 0.0)
    assert devices.settled(GPU) == ""
    used.append(900 * MIB)
    assert devices.settled(GPU).startswith("gpu 0 still held 800 MiB more than its baseline")
    assert devices.settled(GPU, lambda: True) == ""  # the job is stopped, and begins no more
