"""This machine's processor, memory and system, as far as times depend on them."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Processor:
    """The model, its flags, and how many cores this process may use."""

    model: str
    flags: tuple[str, ...]
    cores: int


def processor(cpuinfo: Path = CPUINFO) -> Processor:
    """The first processor of `/proc/cpuinfo`; without flags on a system that has no such file."""
    try:
        first, _, _ = cpuinfo.read_text(errors="replace").partition("\n\n")
    except OSError:
        first = ""
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    model = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(model, tuple(sorted(fields.get("flags", "").split())), _cores())


def machine_facts() -> dict[str, str | int]:
    """The fields of `harness.records.machine.Machine`, of this machine."""
    import psutil

    here = processor()
    return {
        "processor": here.model,
        "cores": here.cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "features": hashlib.sha256(" ".join(here.flags).encode()).hexdigest()[:16],
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
