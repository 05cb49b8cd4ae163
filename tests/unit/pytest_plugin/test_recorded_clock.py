"""The clock that pytest-benchmark reads: each round takes the recorded time to the last bit."""

from __future__ import annotations

from harness.pytest_plugin.benchmarks import RecordedClock


def round_s(clock: RecordedClock) -> float:
    """One round as `benchmark.pedantic` times it."""
    clock.begin()
    start = clock()
    clock.advance()
    return clock() - start


def test_rounds_are_the_recorded_times_exactly() -> None:
    recorded = [0.1, 1e-9, 3.3, 0.1 + 0.2]
    clock = RecordedClock()
    clock.load(recorded)
    assert [round_s(clock) for _ in recorded] == recorded


def test_a_round_beyond_the_last_takes_no_time() -> None:
    clock = RecordedClock()
    clock.load([0.5])
    assert [round_s(clock), round_s(clock)] == [0.5, 0.0]
