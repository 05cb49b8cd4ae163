"""The phases of a process: a clock that runs from its start, and stretches of it with names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from harness.worker.birth import Birth

CLOCK_READINGS = 1000


class Stopwatch:
    """Adds up the seconds of phases, by the names of the fields of `records.timing.Phases` without their unit.

    `started_s`: a time of `time.perf_counter` at which the process began.
    """

    def __init__(self, started_s: float) -> None:
        self.started_s, self._resting_since_s = started_s, started_s
        self.seconds: dict[str, float] = {}

    @classmethod
    def of(cls, birth: Birth) -> Stopwatch:
        """The clock of a process that has imported its framework, and has waited since for its first task."""
        watch = cls(birth.started_s)
        watch.add("interpreter", birth.importing_s - birth.started_s)
        watch.add("import", birth.ready_s - birth.importing_s)
        watch._resting_since_s = birth.ready_s
        watch.resume()
        return watch

    def add(self, phase: str, seconds: float) -> None:
        """Adds to a phase."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Context whose time is added to the phase."""
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start_s)

    def rest(self) -> None:
        """The process waits from now on."""
        self._resting_since_s = time.perf_counter()

    def resume(self) -> None:
        """The process has waited since `rest`."""
        self.add("waiting", time.perf_counter() - self._resting_since_s)

    def wall_s(self) -> float:
        """The seconds since the process began."""
        return time.perf_counter() - self.started_s


def clock_s() -> float:
    """What the readings of the clock take that a block contains, the median of many."""
    times_s = []
    for _ in range(CLOCK_READINGS):
        start_s = time.perf_counter()
        time.perf_counter()
        times_s.append(time.perf_counter() - start_s)
    return median(times_s)
