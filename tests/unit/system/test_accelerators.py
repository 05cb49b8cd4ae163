"""Which devices a process sees, and what the vendors' tools say of their memory."""

from __future__ import annotations

import pytest

from harness.system import accelerators
from harness.system.accelerators import MIB, Accelerator, NoSuchDeviceError, accelerator, used_bytes

HBM = """\
        NPU ID                         : 2
        Chip Count                     : 1
        DDR Capacity(MB)               : 15171
        DDR Usage Rate(%)              : 3
        HBM Capacity(MB)               : 32768
        HBM Usage Rate(%)              : 12
"""


def test_an_index_counts_the_devices_that_are_visible() -> None:
    assert accelerator("gpu", 1, {}) == Accelerator("gpu", "1")
    assert accelerator("gpu", 1, {"CUDA_VISIBLE_DEVICES": "4, 6"}) == Accelerator("gpu", "6")
    assert accelerator("ascend", 0, {"ASCEND_RT_VISIBLE_DEVICES": "7"}) == Accelerator("ascend", "7")


@pytest.mark.parametrize("visible", ["4", "", " , "])
def test_a_device_that_is_not_visible_is_refused(visible: str) -> None:
    with pytest.raises(NoSuchDeviceError, match="no gpu of index 1 among those of CUDA_VISIBLE_DEVICES="):
        accelerator("gpu", 1, {"CUDA_VISIBLE_DEVICES": visible})


@pytest.mark.parametrize(
    ("kind", "output", "used"),
    [
        ("gpu", " 431\n", 431 * MIB),
        ("gpu", "[N/A]\n", None),
        ("gpu", "", None),
        ("ascend", HBM, 32768 * MIB * 12 // 100),
        ("ascend", HBM.replace("HBM", "Other"), 15171 * MIB * 3 // 100),
        ("ascend", "no such device", None),
    ],
)
def test_memory_in_use_is_read_from_the_tool(
    monkeypatch: pytest.MonkeyPatch, kind: str, output: str, used: int | None
) -> None:
    asked = list[tuple[str, ...]]()
    monkeypatch.setattr(accelerators.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(accelerators, "_output", lambda *command: asked.append(command) or output)
    assert used_bytes(Accelerator(kind, "3")) == used
    assert asked[0][-2:] == ("-i", "3")


def test_without_a_tool_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators.shutil, "which", lambda name: None)
    assert used_bytes(Accelerator("gpu", "0")) is None


def test_a_tool_that_fails_says_nothing() -> None:
    assert accelerators._output("false") == ""
    assert accelerators._output("/nonexistent/nvidia-smi") == ""
