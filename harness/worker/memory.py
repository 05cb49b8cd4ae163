"""Resident memory of this process, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path


def resident_bytes(field: str = "VmRSS") -> int:
    """Bytes of `VmRSS`, the present size, or of `VmHWM`, its peak; 0 where the system does not tell.

    The peak is of this process alone, unlike `ru_maxrss`, which also remembers that of its parent.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    for line in status.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0
