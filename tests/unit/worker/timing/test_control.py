"""The control: the same work whatever is timed, and what the machine can do."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import InProcess, arm

from harness.records.timing import Roofline
from harness.worker.timing import control


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PRODUCT", 64)
    monkeypatch.setattr(control, "COPIED_BYTES", 1 << 16)


def test_control(tmp_path: Path) -> None:
    worker = InProcess(arm("control", precision="float64"), tmp_path)
    result, times = worker.ask(control.TASKS["control"], repetitions=3, threads=[0, 1])
    assert times["dispatch_s"].shape == (3,)
    assert (times["dispatch_s"] > 0).all()
    rooflines = [Roofline.model_validate(entry) for entry in result["host"]["roofline"]]
    assert [entry.threads for entry in rooflines] == [0, 1]
    assert all(entry.product_flops_per_s > 0 and entry.copy_bytes_per_s > 0 for entry in rooflines)
    assert result["host"]["wall_s"] >= sum(result["host"]["phases"].values()) + times["dispatch_s"].sum()


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    worker = InProcess(arm("control", precision="float64"), tmp_path)
    first, _ = worker.ask(control.TASKS["control"], repetitions=2, threads=[1])
    second, times = worker.ask(control.TASKS["control"], repetitions=3, threads=[1])
    assert times["dispatch_s"].shape == (3,)
    assert second["host"]["roofline"] == first["host"]["roofline"]
    one, other = (each["host"]["phases"] for each in (first, second))
    assert other.pop("waiting") > one.pop("waiting")
    assert other == one
