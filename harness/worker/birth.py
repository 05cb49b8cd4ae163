"""When this process was started, and how long its framework took to import."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/self/stat")
START_TIME = 19  # the place of `starttime`, in ticks since the host's start, behind the name of the program


@dataclass(frozen=True)
class Birth:
    """Times of `time.perf_counter`: of the start of the process, before the framework's import, and after it."""

    started_s: float
    importing_s: float
    ready_s: float

    @classmethod
    def now(cls) -> Birth:
        """Of a process that imports nothing from now on."""
        now_s = time.perf_counter()
        return cls(now_s, now_s, now_s)


def process_age_s() -> float:
    """The seconds since the start of this process, to a hundredth; 0 where the kernel does not tell."""
    with suppress(OSError, ValueError, IndexError):
        fields = STAT.read_text().rpartition(")")[2].split()
        started_s = int(fields[START_TIME]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started_s)
    return 0.0
