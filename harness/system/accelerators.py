"""The accelerators of this host: which of them a process sees, and how much of their memory is in use."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

# By kind, the variable that limits which devices a process sees, by their numbers on the host.
VISIBLE = {"gpu": "CUDA_VISIBLE_DEVICES", "ascend": "ASCEND_RT_VISIBLE_DEVICES"}
# Other variables that number the devices which a process sees: with one device visible, only 0 is one of them.
FIRST_VISIBLE = {"ascend": {"DEVICE_ID": "0", "ASCEND_DEVICE_ID": "0"}}
# What launchers tell the processes that they start: a rank among all, one among those of the host, the devices.
PLACEMENT = (
    *("RANK_ID", "RANK_SIZE", "RANK", "WORLD_SIZE", "LOCAL_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),
    *("SLURM_PROCID", "SLURM_LOCALID", "DEVICE_ID", "ASCEND_DEVICE_ID", *VISIBLE.values()),
)
TOOLS = {"gpu": "nvidia-smi", "ascend": "npu-smi"}
QUERY_S = 10.0  # after which a tool is taken not to answer
MIB = 1 << 20


class NoSuchDeviceError(LookupError):
    """A process of this environment does not see so many devices; the message is one clause."""


@dataclass(frozen=True)
class Accelerator:
    """One device of this host. `number`: the host's own, or the identifier that the environment has for it."""

    kind: str
    number: str

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def accelerator(kind: str, index: int, environment: Mapping[str, str]) -> Accelerator:
    """The device that is number `index` among those that the environment lets a process see.

    Raises NoSuchDeviceError where the environment names fewer.
    """
    stated = environment.get(VISIBLE[kind])
    if stated is None:
        return Accelerator(kind, str(index))
    numbers = [number.strip() for number in stated.split(",") if number.strip()]
    if index >= len(numbers):
        visible = f"{VISIBLE[kind]}={stated}"
        raise NoSuchDeviceError(f"there is no {kind} of index {index} among those of {visible}")
    return Accelerator(kind, numbers[index])


def has_tool(kind: str) -> bool:
    """Whether the tool is installed that knows the devices of this kind."""
    return kind in TOOLS and shutil.which(TOOLS[kind]) is not None


def used_bytes(device: Accelerator) -> int | None:
    """The memory in use on a device, by all processes; None where no tool tells it."""
    if not has_tool(device.kind):
        return None
    if device.kind == "gpu":
        text = _output("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", device.number)
        used = re.fullmatch(r"\s*(\d+)\s*", text)
        return int(used[1]) * MIB if used else None
    return _used_of_ascend(_output("npu-smi", "info", "-t", "usages", "-i", device.number))


def _used_of_ascend(text: str) -> int | None:
    """From `HBM Capacity(MB) : 65536` and `HBM Usage Rate(%) : 5`, or DDR where a device has no HBM."""
    for memory in ("HBM", "DDR"):
        capacity = re.search(rf"{memory} Capacity\(MB\)\s*:\s*(\d+)", text)
        rate = re.search(rf"{memory} Usage Rate\(%\)\s*:\s*(\d+)", text)
        if capacity and rate and int(capacity[1]):
            return int(capacity[1]) * MIB * int(rate[1]) // 100
    return None


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=QUERY_S, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""
