"""What `extra_info` holds of a row: plain JSON, with None where nothing was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_timings import timings

from harness.pytest_plugin.row_facts import facts
from harness.records.machine import Machine
from harness.records.timing import CONTROL, Credit, Memory
from harness.results.timings import Timings
from harness.subjects.bench.summary import summaries

HERE = Machine(processor="a processor", cores=2, memory_gib=8, system="Linux x86_64", features="0123")
MEASURED = {
    "test_accuracy": 0.9,
    "batch_size": 200,
    "memory": Memory(after_import=100, after_build=200, peak=300),
    "environment": {"versions": {"slow": "2.10"}, "threads": 2},
}


def bench(rounds: int = 3) -> Timings:
    times = {CONTROL: [[0.5]] * rounds, "fast": [[0.01]] * rounds, "slow": [[0.02]] * rounds}
    recorded = timings(times)
    credit = Credit(status="known", source="results/check", cause="ledger: an-entry")
    rows = tuple(row.model_copy(update={"credit": credit}) for row in recorded.bench.rows)
    processes = tuple(p if p.is_control else p.model_copy(update=MEASURED) for p in recorded.processes)
    bench = recorded.bench.model_copy(update={"rows": rows, "machine": HERE})
    return replace(recorded, bench=bench, processes=processes)


def test_a_row_says_what_it_is_and_how_it_was_timed() -> None:
    _, slow = summaries(bench())
    told = facts(slow, Path("/results/bench"))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["row"], told["status"], told["processes"]) == ("slow", "known", 3)
    assert told["credit"] == {"status": "known", "source": "results/check", "cause": "ledger: an-entry"}
    assert told["test_accuracy"] == 0.9
    assert told["memory_bytes"] == {"after_import": 100, "after_build": 200, "peak": 300, "device_peak": None}
    assert told["environment"] == {"versions": {"slow": "2.10"}, "threads": 2}
    assert told["machine"] == HERE.model_dump()
    assert told["step_s"] == pytest.approx({"estimate": 0.02, "low": 0.02, "high": 0.02})
    assert told["ratio"] == pytest.approx({"to": "fast", "estimate": 2.0, "low": 2.0, "high": 2.0})
    assert told["samples_per_s"] == pytest.approx(200 / 0.02)
    assert told["round_is"] == "the median time of a step of one process"


def test_one_process_has_no_interval() -> None:
    fast, _ = summaries(bench(rounds=1))
    told = facts(fast, Path("/results/bench"))
    assert told["step_s"] == {"estimate": pytest.approx(0.01), "low": None, "high": None}
    assert told["ratio"] is None
