"""What a sweep of 10,000 jobs on 64 hosts costs: local figures of the real functions, and a simulation with them.

    python tests/benchmarks/sweep_scale.py          # prints the tables of docs/scaling.md

The folder's functions are measured on this host's disk, and their file operations are counted. The simulation has each
operation take a network's round trips and a share of the file server.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from counted_operations import Operations, counted
from sweep_simulation import Costs, Setting, simulated

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from made_up_sweeps import job, numbers, sweep

from harness.composition.groups import ConfigGroups
from harness.composition.preflight import Known
from harness.composition.sweep.grid import Combination
from harness.composition.sweep.jobs import Asking, validated
from harness.records.sweep import Attempt, Job
from harness.results.claim import claim
from harness.results.marker import MARKER
from harness.results.sweep_folder import (
    Ended,
    all_attempts,
    attempts_at,
    begin_attempt,
    is_cancelled,
    is_open,
    mark_lost,
    read_sweep,
    renew,
    write_attempt,
    write_sweep,
)
from harness.scenarios.sweep.driver import close

JOBS, HOSTS = 10_000, 64
COMPOSED = 200  # jobs that are composed and validated; the time of one is wanted
LATENCIES_S = (0.0002, 0.001, 0.005)


@dataclass(frozen=True)
class Figure:
    """What one function takes on this host. `count`: the calls, or the rows, of which this is the sum."""

    name: str
    seconds: float
    operations: Operations
    count: int


def measured(folder: Path, count: int, to_compose: int = COMPOSED) -> dict[str, Figure]:
    """The figures of a sweep of `count` jobs in an empty folder on this host's disk."""
    figures: dict[str, Figure] = {}

    def time_of(name: str, calls: int, work: Callable[[], object]) -> None:
        started_s = time.perf_counter()
        with counted() as operations:
            work()
        figures[name] = Figure(name, time.perf_counter() - started_s, operations, calls)

    jobs = [made_up_job(number) for number in range(count)]
    claim(folder, "sweep")
    time_of("compose and validate", to_compose, lambda: composed(to_compose))
    time_of("write sweep.json", 1, lambda: write_sweep(folder, sweep(jobs)))
    time_of("read sweep.json", 1, lambda: read_sweep(folder))
    time_of("begin and end an attempt", count, lambda: [ended(folder, each) for each in jobs])
    time_of("show that it lives", count, lambda: [renew(folder, Attempt.model_validate(row(each))) for each in jobs])
    time_of("look for a cancellation", count, lambda: [is_cancelled(folder) for _ in jobs])
    time_of("pass a job of another host", count, lambda: [is_open(attempts_at(folder, each.number)) for each in jobs])
    known: Ended = {}
    time_of("read all rows", count, lambda: all_attempts(folder, known))
    time_of("poll all rows", count, lambda: mark_lost(folder, known))
    for each in jobs:
        (folder / each.place).mkdir()
        (folder / each.place / MARKER).write_text("{}")
    time_of("complete the folder", count, lambda: close(folder, sweep(jobs)))
    return figures


def made_up_job(number: int) -> Job:
    """A job with as many overrides as a usual one."""
    return job(number, seed=str(number), **{"schedule.rate": "0.001", "training.batch_size": "128"})


def row(of: Job) -> dict[str, object]:
    arms = numbers(mindspore=0.98, tensorflow=0.98)
    stated = {"job": of.number, "number": 1, "folder": of.place, "digest": of.digest, "host": "host-17"}
    return {
        **stated,
        **arms,
        "status": "done",
        "exit_code": 0,
        "sentence": "AGREES: mindspore and tensorflow",
        "share": 0.1,
    }


def ended(folder: Path, of: Job) -> None:
    attempts_at(folder, of.number)
    assert begin_attempt(folder, of) is not None
    write_attempt(folder, Attempt.model_validate(row(of)))


def composed(count: int) -> None:
    asking = Asking("check", (), False, {}, Known(ConfigGroups.beside(())))
    typed = [("model=mlp_10_relu", f"seed={number}", "rungs=[schedule]") for number in range(count)]
    assert len(validated(asking, [Combination(texts, {}) for texts in typed])) == count


def costs_of(figures: dict[str, Figure]) -> Costs:
    """What the simulation needs of the figures: of one call or row."""

    def per_call(name: str) -> tuple[float, float]:
        figure = figures[name]
        return figure.seconds / figure.count, figure.operations.round_trips / figure.count

    claim_s, claim_trips = per_call("begin and end an attempt")
    read_s, read_trips = per_call("read all rows")
    return Costs(
        attempt_s=claim_s,
        attempt_trips=claim_trips,
        beat_trips=per_call("show that it lives")[1],
        look_trips=per_call("look for a cancellation")[1],
        pass_trips=per_call("pass a job of another host")[1],
        row_s=read_s,
        row_trips=read_trips,
        poll_s=per_call("poll all rows")[0],
        close_trips=per_call("complete the folder")[1],
        close_s=per_call("complete the folder")[0],
        sweep_json_s=figures["read sweep.json"].seconds,
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; its first column is text."""
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def local_table(figures: dict[str, Figure]) -> str:
    """What was measured on this host."""
    head = ["what", "calls", "time on a local disk, s", "round trips to a file server, each"]
    return table(
        head,
        [
            [
                figure.name,
                f"{figure.count:,}",
                f"{figure.seconds:.2f}",
                f"{figure.operations.round_trips / figure.count:.1f}",
            ]
            for figure in figures.values()
        ],
    )


def simulated_table(costs: Costs) -> str:
    """The whole sweep, by the way in which jobs are handed out and the time of a round trip."""
    head = ["way", "round trip, ms", "ideal, h", "whole sweep, h", "efficiency", "requests/s, mean", "peak"]
    rows = []
    for way in ("array", "drivers"):
        for latency_s in LATENCIES_S:
            found = simulated(Setting(way=way, jobs=JOBS, hosts=HOSTS, latency_s=latency_s), costs)
            times = [f"{1e3 * latency_s:g}", f"{found.ideal_s / 3600:.2f}", f"{found.makespan_s / 3600:.2f}"]
            requests = [f"{found.mean_requests:,.0f}", f"{found.peak_requests:,.0f}"]
            rows.append([way, *times, f"{found.ideal_s / found.makespan_s:.1%}", *requests])
    return table(head, rows)


def commands_table(costs: Costs) -> str:
    """What reads all rows: before, one row after the other and all of them at each poll; and now."""
    head = [
        "round trip, ms",
        "`status`, s: before",
        "now",
        "a poll of a driver, s: before",
        "now",
        "completing, s: before",
        "now",
    ]
    rows = []
    for latency_s in LATENCIES_S:
        found = simulated(Setting(way="drivers", jobs=JOBS, hosts=HOSTS, latency_s=latency_s), costs)
        status_s = JOBS * (costs.row_s + costs.row_trips * latency_s)
        close_s = JOBS * (costs.close_s + costs.close_trips * latency_s)
        of_status = [f"{status_s:.1f}", f"{found.status_s:.1f}"]
        of_poll = [f"{status_s:.1f}", f"{found.poll_s:.1f}"]
        rows.append([f"{1e3 * latency_s:g}", *of_status, *of_poll, f"{close_s:.1f}", f"{found.close_s:.1f}"])
    return table(head, rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder) / "sweep", JOBS)
        size = (Path(folder) / "sweep" / "sweep.json").stat().st_size
    costs = costs_of(figures)
    tables = [local_table(figures), f"sweep.json: {size / 1e6:.1f} MB", simulated_table(costs), commands_table(costs)]
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
