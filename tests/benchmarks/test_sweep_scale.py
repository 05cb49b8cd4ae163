"""What a sweep asks of its shared folder, in numbers of file operations, which no load of the machine moves."""

from __future__ import annotations

from pathlib import Path

from sweep_scale import LATENCIES_S, costs_of, measured
from sweep_simulation import Setting, simulated

SMALL, LARGE = 40, 80


def test_what_one_job_asks_of_the_folder_does_not_grow_with_the_sweep(tmp_path: Path) -> None:
    small, large = (measured(tmp_path / str(count), count, 1) for count in (SMALL, LARGE))
    for name in ("begin and end an attempt", "show that it lives", "look for a cancellation", "read all rows"):
        of_small, of_large = (figures[name].operations.round_trips / figures[name].count for figures in (small, large))
        assert of_large <= of_small + 0.1, name
    assert large["begin and end an attempt"].operations.round_trips <= 16 * LARGE
    assert large["poll all rows"].operations.counts["read"] == 0  # rows that have ended are known
    assert large["complete the folder"].operations.counts["read"] <= 3 * LARGE + 5  # each row twice, each marker once


def test_the_simulated_sweep_runs_every_job_and_loses_little(tmp_path: Path) -> None:
    costs = costs_of(measured(tmp_path / "sweep", SMALL, 1))
    for way in ("array", "drivers"):
        times_s = []
        for latency_s in LATENCIES_S:
            found = simulated(Setting(way=way, jobs=2_000, hosts=16, latency_s=latency_s), costs)
            assert found.ideal_s < found.makespan_s < 1.25 * found.ideal_s
            assert found.mean_requests < found.peak_requests
            times_s.append(found.makespan_s)
        assert times_s == sorted(times_s)
    # A hundred times as slow a server is what bounds the sweep.
    slow = simulated(Setting(way="array", jobs=2_000, hosts=16, latency_s=0.0002, requests_per_s=20.0), costs)
    assert slow.makespan_s > 2_000 * 150 / 20
