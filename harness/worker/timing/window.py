"""What happened on the host, and what this process used, while something was timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.records.timing import HostState, Interference
from harness.worker.timing.host import energy_j, host_state, interference


@dataclass
class Window:
    """A stretch of time. The fields are known at its end; `energy_j` is None where no counter is readable."""

    before: HostState
    after: HostState
    span_s: float = 0.0
    cpu_s: float = 0.0
    energy_j: float | None = None

    @property
    def interference(self) -> Interference:
        """What the host did beside this process."""
        return interference(self.before, self.after, self.cpu_s)


@contextmanager
def window() -> Iterator[Window]:
    """Context that fills in a `Window` at its end."""
    before, energy_before = host_state(), energy_j()
    seen = Window(before, before)
    start_s, cpu_start_s = time.perf_counter(), time.process_time()
    yield seen
    seen.span_s, seen.cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_start_s
    seen.after, energy_after = host_state(), energy_j()
    if energy_before is not None and energy_after is not None and energy_after >= energy_before:
        seen.energy_j = energy_after - energy_before
