"""The phases of a process add up to its time."""

from __future__ import annotations

import time

import pytest

from harness.worker.birth import Birth, process_age_s
from harness.worker.timing import stopwatch
from harness.worker.timing.stopwatch import Stopwatch


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stopwatch, "time", clock)
    return clock


def test_phases(clock: Clock) -> None:
    clock.now_s = 12.0
    watch = Stopwatch.of(Birth(started_s=1.0, importing_s=2.0, ready_s=7.0))
    with watch.phase("build"):
        clock.now_s = 15.0
    watch.rest()
    clock.now_s = 16.0
    watch.resume()
    with watch.phase("build"):
        clock.now_s = 16.5
    clock.now_s = 17.0
    assert watch.seconds == {"interpreter": 1.0, "import": 5.0, "waiting": 6.0, "build": 3.5}
    assert watch.wall_s() == 16.0
    assert watch.wall_s() - sum(watch.seconds.values()) == 0.5


def test_a_phase_that_fails_counts(clock: Clock) -> None:
    watch = Stopwatch(0.0)

    def failing() -> None:
        with watch.phase("compile"):
            clock.now_s = 2.0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert watch.seconds == {"compile": 2.0}


def test_age_of_this_process() -> None:
    first = process_age_s()
    time.sleep(0.05)
    assert 0 < first < process_age_s()
