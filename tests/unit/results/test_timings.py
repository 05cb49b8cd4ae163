"""A bench is read back as it was written, and damage to it is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up_timings import timings

from harness.records.failure import Failure
from harness.records.timing import CONTROL, HostState, Interference, Phases
from harness.results.files import UnreadableError
from harness.results.timings import PROCESSES, read_timings, write_timings

STEP_S = {
    CONTROL: [[0.5, 0.5], [0.5, 0.7]],
    "fast": [[0.01, 0.02, 0.03], [0.01, 0.01, 0.01]],
    "slow": [[0.02, 0.04, 0.06], [0.02, 0.02, 0.02]],
}


def test_round_trip(tmp_path: Path) -> None:
    written = timings(STEP_S)
    state = HostState(at_s=5.0, load=(1.0, 2.0, 3.0), stalled_s={"cpu": 0.5}, busy_s=100.0)
    failure = Failure(symptom="signal", stage="time", message="killed by SIGKILL")
    changed = written.processes[1].model_copy(
        update={
            "phases": Phases(import_s=1.5, left_over_s=-1e-6),
            "before": state,
            "interference": Interference(cpu_stalled=0.25),
            "failure": failure,
        }
    )
    written = replace(written, processes=(written.processes[0], changed, *written.processes[2:]))
    write_timings(tmp_path, written)
    back = read_timings(tmp_path)
    assert back.bench == written.bench
    assert back.processes == written.processes
    assert back.samples.equals(written.samples)


def test_times_of_a_step() -> None:
    recorded = timings(STEP_S)
    by_process = recorded.by_process()
    assert list(by_process["row"]) == [CONTROL, "fast", "slow", "slow", "fast", CONTROL]
    assert list(by_process["round"]) == [0, 0, 0, 1, 1, 1]
    # Only steady blocks count; the median of three blocks is the middle one.
    np.testing.assert_allclose(by_process["step_s"], [0.5, 0.02, 0.04, 0.02, 0.01, 0.6])
    np.testing.assert_allclose(recorded.step_times_s(1), [0.01, 0.02, 0.03])


def test_failed_processes_have_no_time() -> None:
    recorded = timings(STEP_S)
    failure = Failure(symptom="timeout", stage="time", message="not done")
    failed = recorded.processes[1].model_copy(update={"failure": failure})
    recorded = replace(recorded, processes=(recorded.processes[0], failed, *recorded.processes[2:]))
    assert [process.number for process in recorded.of_row("fast")] == [4]
    assert 1 not in set(recorded.by_process()["process"])
    assert len(recorded.control) == 2


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [("dispatch_s", -1.0, "negative"), ("fetch_s", np.nan, "negative"), ("steps", 0, "without a step")],
)
def test_impossible_times_are_refused(tmp_path: Path, column: str, value: float, named: str) -> None:
    written = timings(STEP_S)
    written.samples.loc[3, column] = value
    write_timings(tmp_path, written)
    with pytest.raises(UnreadableError, match=named):
        read_timings(tmp_path)


def test_files_of_different_benches_are_refused(tmp_path: Path) -> None:
    write_timings(tmp_path, timings(STEP_S))
    content = json.loads((tmp_path / PROCESSES).read_text())
    content["processes"][2]["row"] = "other"
    (tmp_path / PROCESSES).write_text(json.dumps(content))
    with pytest.raises(UnreadableError, match="no row 'other'"):
        read_timings(tmp_path)
