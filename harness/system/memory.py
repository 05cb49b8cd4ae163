"""The memory that may still be allocated, and what limits it."""

from __future__ import annotations

import resource
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def available_memory() -> tuple[int, str]:
    """The bytes that this process and its children may still allocate, and the name of the bound that applies."""
    import psutil

    bounds = [(int(psutil.virtual_memory().available), "available on this machine")]
    bounds += [(limit, "the limit of this control group") for limit in _control_group_limits()]
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        bounds.append((limit, "the limit set by ulimit -v"))
    return min(bounds)


def _control_group_limits() -> list[int]:
    """The limits, in bytes, of this process's control group and those above it, in both versions; empty without one."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        folder, name = (_CGROUPS, "memory.max") if not controllers else (_CGROUPS / "memory", "memory.limit_in_bytes")
        if controllers and "memory" not in controllers.split(","):
            continue
        # In a container the path may be the host's and not exist there; the root is then the container's own group.
        below = Path(path.lstrip("/"))
        for part in (below, *below.parents):
            limits += _limit_in(folder / part / name)
    return limits


def _limit_in(file: Path) -> list[int]:
    try:
        text = file.read_text().strip()
    except OSError:
        return []
    return [int(text)] if text.isdecimal() else []  # `max` where there is no limit
