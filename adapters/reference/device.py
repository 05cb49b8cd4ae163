"""NumPy runs on the CPU and nowhere else."""

from __future__ import annotations

import numpy as np

from adapters.protocol import Device, DeviceUnavailableError, Environment
from harness.spec.arm import Arm


def set_up(arm: Arm) -> None:
    if arm.device not in ("auto", "cpu"):
        raise DeviceUnavailableError(f"NumPy runs on the cpu, not on {arm.device}")


def devices() -> tuple[Device, ...]:
    return (Device("cpu", True), Device("gpu", False, "NumPy has none"), Device("ascend", False, "NumPy has none"))


def environment(arm: Arm) -> Environment:
    return Environment("numpy", np.__version__, "cpu", arm.threads, {"numpy": np.__version__}, {})
