"""What twinrun adds to pytest-benchmark: the fixture `twinrun_benchmark`, and this machine's fingerprint.

It is registered only where pytest-benchmark is, and imports nothing of ours before a test or a saved file needs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.timing import BenchmarkRow

FIXTURE = "twinrun_benchmark"
SAVED = "twinrun"  # the key of what is ours in `extra_info` and in `machine_info`
SKIPPED = "--benchmark-skip was asked for: nothing was timed, and whether the row has credit was not looked at"


class RecordedClock:
    """The timer of pytest-benchmark for times that were measured elsewhere: it moves only by a recorded time."""

    __name__ = "recorded_process_times"  # by which pytest-benchmark saves it

    def __init__(self) -> None:
        self._now_s = 0.0
        self._left: Iterator[float] = iter(())

    def __call__(self) -> float:
        """The seconds since the round began."""
        return self._now_s

    def load(self, seconds: Iterable[float]) -> None:
        """Sets the times of the rounds to come."""
        self._left = iter(seconds)

    def begin(self) -> None:
        """Begins a round, at 0, so that its time is the recorded one to the last bit."""
        self._now_s = 0.0

    def advance(self) -> None:
        """The work of a round; beyond the last one, as of a profiler, it takes no time."""
        self._now_s = next(self._left, 0.0)


CLOCK = pytest.StashKey[RecordedClock]()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Gives a test that asks for the fixture a clock of its own, by pytest-benchmark's marker."""
    if isinstance(item, pytest.Function) and FIXTURE in item.fixturenames:
        clock = item.stash[CLOCK] = RecordedClock()
        mark = item.get_closest_marker("benchmark")
        options = {**(mark.kwargs if mark else {}), "timer": clock}
        item.add_marker(pytest.mark.benchmark(**options), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Says in the reason of a skipped test what it did not do."""
    if config.getoption("benchmark_skip") and not config.getoption("benchmark_only"):
        for item in items:
            if CLOCK in item.stash:
                item.add_marker(pytest.mark.skip(reason=SKIPPED))


@pytest.fixture
def twinrun_benchmark(
    request: pytest.FixtureRequest, benchmark: Any, tmp_path_factory: pytest.TempPathFactory
) -> BenchmarkRow:
    """Times a row of a bench, or takes a recorded one, and hands its times to pytest-benchmark.

    One round is one process's median time of a step. `docs/pytest.md` has the keywords.
    """
    if CLOCK not in request.node.stash:
        pytest.fail(f"{FIXTURE}: the test must name it as an argument", pytrace=False)
    from harness.pytest_plugin.timing import BenchmarkRow

    return BenchmarkRow(request.node, benchmark, request.node.stash[CLOCK], tmp_path_factory)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fails where pytest-benchmark is off: a gate must not pass because nothing was timed."""
    if CLOCK not in item.stash or not isinstance(item, pytest.Function):
        return
    benchmark: Any = item.funcargs["benchmark"]
    if not benchmark.enabled:
        why = "pytest-xdist is on" if os.environ.get("PYTEST_XDIST_WORKER") else "--benchmark-disable"
        advice = "run this test in a pytest without -n" if "xdist" in why else "run without it"
        pytest.fail(
            f"{FIXTURE}: pytest-benchmark is off ({why}), so that nothing would be timed; {advice}, or state that it "
            "is not wanted by --benchmark-skip",
            pytrace=False,
        )


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Adds what times depend on of this machine."""
    from harness.worker.machine import this_machine

    machine_info[SAVED] = this_machine().model_dump()


def pytest_benchmark_compare_machine_info(
    config: pytest.Config, benchmarksession: Any, machine_info: Mapping[str, Any], compared_benchmark: Mapping[str, Any]
) -> None:
    """Refuses a saved file with rows of a bench on another machine. Other files are pytest-benchmark's to judge."""
    if not any(SAVED in (saved.get("extra_info") or {}) for saved in compared_benchmark["benchmarks"]):
        return
    from pydantic import ValidationError

    from harness.records.machine import Machine

    here = Machine.model_validate(machine_info[SAVED])
    try:
        there = Machine.model_validate(compared_benchmark["machine_info"].get(SAVED))
    except ValidationError:
        raise pytest.UsageError("twinrun: the saved benchmark does not say on which machine it was timed") from None
    if differences := here.differences(there):
        raise pytest.UsageError(
            "twinrun: the saved benchmark was timed on another machine, so that its times say nothing of these; "
            f"here and there: {'; '.join(differences)}"
        )
