"""Resident memory of this process, from the kernel's own account."""

from __future__ import annotations

from pathlib import Path


def resident_bytes(field: str = "VmRSS") -> int:
    """`VmRSS`: now. `VmHWM`: the peak, of this process alone (`ru_maxrss` also remembers its parent's)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    for line in status.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0
