"""Setting MindSpore up for an arm, and what it really runs on."""

from __future__ import annotations

import os

import mindspore as ms
import numpy as np

from adapters.protocol import DeviceUnavailableError, Environment
from harness.spec.arm import Arm, DeviceName

TARGETS: dict[DeviceName, str] = {"cpu": "CPU", "gpu": "GPU", "ascend": "Ascend"}
FLAGS = ("OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "MS_DEV_JIT_SYNTAX_LEVEL", "MS_ENABLE_IO_REUSE")


def set_up(arm: Arm) -> DeviceName:
    """Chooses the device, which it returns, and the threads; must come before the first operation."""
    wanted = best_device() if arm.device == "auto" else arm.device
    problem = "" if wanted == "cpu" else unavailable(wanted)
    if problem:
        raise DeviceUnavailableError(f"MindSpore {ms.__version__} cannot use {wanted}: {problem}")
    ms.set_device(TARGETS[wanted])
    if arm.threads is not None:
        # Its kernels take as many threads as there are processors, whatever OMP_NUM_THREADS says: so it gets fewer.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arm.threads])
    # Functions are compiled one by one where the trainer says so: under graph mode every Cell would be, at every shape.
    ms.set_context(mode=ms.PYNATIVE_MODE)
    return wanted


def best_device() -> DeviceName:
    for name in ("ascend", "gpu"):
        if not unavailable(name):
            return name
    return "cpu"


def unavailable(name: DeviceName) -> str:
    """Why a device cannot be used; empty where it can."""
    try:
        usable = getattr(ms.device_context, TARGETS[name].lower()).is_available()
    except (RuntimeError, ValueError, AttributeError) as error:
        return str(error).strip().splitlines()[0]
    return "" if usable else "none found, or this build has no support for it"


def environment(arm: Arm) -> Environment:
    flags = {name: os.environ[name] for name in FLAGS if name in os.environ}
    device = str(ms.get_context("device_target")).lower()
    versions = {"mindspore": ms.__version__, "numpy": np.__version__}
    return Environment("mindspore", ms.__version__, device, arm.threads, versions, flags)
