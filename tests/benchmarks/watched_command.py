"""Runs the command as a user would and watches its process: when it says something, and what memory it takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
POLL_S = 0.05
RUNG = "  rung "  # how the line about a rung begins


@dataclass(frozen=True)
class Watched:
    """What was seen of a command. `lines`: each line of its output with the seconds from the start until it was read.

    `peak_bytes`: VmHWM of the command's own process, without those of the arms.
    """

    code: int
    lines: tuple[tuple[float, str], ...]
    wall_s: float
    peak_bytes: int

    @property
    def first_line_s(self) -> float:
        return self.lines[0][0]

    @property
    def first_rung_s(self) -> float:
        """When the first rung was told."""
        return next(seconds for seconds, line in self.lines if line.startswith(RUNG))

    @property
    def output(self) -> str:
        return "".join(line for _, line in self.lines)


def watched(arguments: Sequence[str], folder: Path, **environment: str) -> Watched:
    """Runs `python -m harness ARGUMENTS` in the folder."""
    command = [sys.executable, "-u", "-m", "harness", *arguments]
    full = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    start_s = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[tuple[float, str]] = []

    def read() -> None:
        assert process.stdout is not None
        lines.extend((time.perf_counter() - start_s, line) for line in process.stdout)

    reader = threading.Thread(target=read)
    reader.start()
    peak_bytes = 0
    while process.poll() is None:
        peak_bytes = max(peak_bytes, peak_of(process.pid))
        time.sleep(POLL_S)
    reader.join()
    return Watched(process.returncode, tuple(lines), time.perf_counter() - start_s, peak_bytes)


def peak_of(process: int) -> int:
    """The most memory that a process has had resident, in bytes; 0 if it is at its end."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(found[1]) if found else 0
