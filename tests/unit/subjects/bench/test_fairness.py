"""What makes the times of rows those of different work."""

from __future__ import annotations

from dataclasses import replace

from in_process import arm
from made_up_timings import timings

from harness.subjects.bench.fairness import differences
from harness.subjects.bench.summary import RowSummary, summaries


def rows(**threads: int | None) -> list[RowSummary]:
    recorded = timings({name: [[0.01, 0.01]] for name in threads})
    processes = [
        p.model_copy(update={"environment": {"threads": threads[p.row], "device": "cpu"}}) for p in recorded.processes
    ]
    return summaries(replace(recorded, processes=tuple(processes)))


def test_equal_rows_have_no_note() -> None:
    assert list(differences(rows(one=2, other=2), [arm("one"), arm("other")])) == []


def test_threads_and_precision_are_told() -> None:
    threads, precision = differences(rows(one=1, other=2), [arm("one", precision="float64"), arm("other")])
    assert threads.startswith("the rows differ in threads")
    assert threads.endswith(": 1: one; 2: other")
    assert precision.endswith(": float64: one; float32: other")


def test_what_is_not_reported_is_no_difference() -> None:
    assert list(differences(rows(one=None, other=2), [arm("one"), arm("other")])) == []
