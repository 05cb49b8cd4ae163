"""This machine."""

from __future__ import annotations

import hashlib
import platform

import psutil

from harness.records.machine import Machine
from harness.worker.arrangement.cache import host


def this_machine() -> Machine:
    """The machine that this process runs on."""
    here = host()
    return Machine(
        processor=here.processor,
        cores=here.cores,
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        features=hashlib.sha256(" ".join(sorted(here.flags)).encode()).hexdigest()[:16],
    )
