"""Setting MindSpore up for an arm, and the environment in which it then runs."""

from __future__ import annotations

import os

import mindspore as ms
import numpy as np

from adapters.protocol import DeviceUnavailableError, Environment
from harness.spec.arm import Arm, DeviceName

TARGETS: dict[DeviceName, str] = {"cpu": "CPU", "gpu": "GPU", "ascend": "Ascend"}
FLAGS = ("OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "MS_DEV_JIT_SYNTAX_LEVEL", "MS_ENABLE_IO_REUSE")


def set_up(arm: Arm) -> DeviceName:
    """Sets and returns the device, and sets the threads. It must be called before the first operation."""
    name = best_device() if arm.device == "auto" else arm.device
    problem = "" if name == "cpu" else unavailable(name)
    if problem:
        raise DeviceUnavailableError(f"MindSpore {ms.__version__} cannot use {name}: {problem}")
    ms.set_device(TARGETS[name])
    if arm.threads is not None:
        # The kernels use one thread per processor, whatever OMP_NUM_THREADS is, so the process gets fewer processors.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arm.threads])
    # The trainer compiles functions one by one. In graph mode MindSpore would compile every Cell at every shape.
    ms.set_context(mode=ms.PYNATIVE_MODE)
    return name


def best_device() -> DeviceName:
    """The first usable accelerator, else the CPU."""
    for name in ("ascend", "gpu"):
        if not unavailable(name):
            return name
    return "cpu"


def unavailable(name: DeviceName) -> str:
    """The reason why a device cannot be used; empty where it can."""
    try:
        available = getattr(ms.device_context, TARGETS[name].lower()).is_available()
    except (RuntimeError, ValueError, AttributeError) as error:
        return str(error).strip().splitlines()[0]
    return "" if available else "none found, or this build has no support for it"


def environment(arm: Arm) -> Environment:
    """The versions, the device, the threads and the flags of this process."""
    flags = {name: os.environ[name] for name in FLAGS if name in os.environ}
    device = str(ms.get_context("device_target")).lower()
    versions = {"mindspore": ms.__version__, "numpy": np.__version__}
    peak = None if device == "cpu" else int(ms.runtime.max_memory_allocated())
    return Environment("mindspore", ms.__version__, device, arm.threads, versions, flags, peak)
