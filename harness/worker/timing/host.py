"""What Linux tells of the host and of this process while it is timed; None or empty where it does not tell."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.records.timing import HostState, Interference

PROC = Path("/proc")
POWERCAP = Path("/sys/class/powercap")
RESOURCES = ("cpu", "memory", "io")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
IDLE = (3, 4)  # of the numbers after `cpu` in /proc/stat: idle, and idle while something waits for a disk


def host_state() -> HostState:
    """The state of the host now. Reading it takes less than a millisecond for each 10 processors."""
    stalled = {name: seconds for name in RESOURCES if (seconds := _stalled_s(name)) is not None}
    return HostState(
        at_s=time.monotonic(),
        load=_load(),
        stalled_s=stalled,
        busy_s=_busy_s(),
        processors=os.cpu_count(),
        frequency_mhz=_frequency_mhz(),
    )


def interference(before: HostState, after: HostState, own_cpu_s: float) -> Interference:
    """What happened between two states of the host. `own_cpu_s`: processor seconds of the timed process in between."""
    span_s = after.at_s - before.at_s
    if span_s <= 0:
        return Interference(load=after.load[0] if after.load else None)
    shares = {
        f"{name}_stalled": (after.stalled_s[name] - before.stalled_s[name]) / span_s
        for name in RESOURCES
        if name in before.stalled_s and name in after.stalled_s
    }
    others = None
    if before.busy_s is not None and after.busy_s is not None:
        others = max(0.0, after.busy_s - before.busy_s - own_cpu_s) / span_s
    return Interference(**shares, other_processors=others, load=after.load[0] if after.load else None)


def energy_j() -> float | None:
    """The energy that the processor packages have used since some moment, in joules; None where no counter is readable.

    The counters are those of RAPL. They wrap around, so that a difference may be negative.
    """
    with suppress(OSError, ValueError):
        counters = sorted(POWERCAP.glob("intel-rapl:[0-9]*/energy_uj"))
        packages = [file for file in counters if file.parent.name.count(":") == 1]
        if packages:
            return sum(int(file.read_text()) for file in packages) / 1e6
    return None


def _stalled_s(resource: str) -> float | None:
    """The total of `some` in /proc/pressure, in seconds."""
    with suppress(OSError, ValueError, IndexError):
        line = (PROC / "pressure" / resource).read_text().splitlines()[0]
        return int(line.rpartition("total=")[2]) / 1e6
    return None


def _load() -> tuple[float, float, float] | None:
    with suppress(OSError):
        return os.getloadavg()
    return None


def _busy_s() -> float | None:
    """The processor seconds since the start of the host in which some process ran."""
    with suppress(OSError, ValueError, IndexError):
        # Guest time, the last two numbers, is also in the first two.
        ticks = [int(text) for text in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(count for at, count in enumerate(ticks) if at not in IDLE) / TICKS_PER_S
    return None


def _frequency_mhz() -> float | None:
    frequencies = list(_frequencies())
    return sum(frequencies) / len(frequencies) if frequencies else None


def _frequencies() -> Iterator[float]:
    with suppress(OSError, ValueError):
        for line in (PROC / "cpuinfo").read_text().splitlines():
            if line.startswith("cpu MHz"):
                yield float(line.rpartition(":")[2])
