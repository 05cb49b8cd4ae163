"""A bench in real processes: one of them dies, and what was timed before it is kept and accounted for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bench_runs import TINY

from harness.cli import main
from harness.records.timing import CONTROL
from harness.results.files import read_verdicts
from harness.results.marker import MARKER
from harness.results.timings import read_timings

ROOT = Path(__file__).parents[4]
# Dies at the first block of its third process: the first is the pilot's, the second that of the first round.
DYING = """\
import os, pathlib, sys
if "harness.worker.child" in sys.orig_argv:
    starts = pathlib.Path({starts!r})
    starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
    if len(starts.read_text()) == 3:
        from adapters.reference.trainer import ReferenceTrainer
        ReferenceTrainer.dispatch = lambda *given: os.kill(os.getpid(), 9)
"""


@pytest.mark.usefixtures("short")
def test_a_row_that_dies_keeps_its_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dying").mkdir()
    (tmp_path / "dying" / "sitecustomize.py").write_text(DYING.format(starts=str(tmp_path / "starts")))
    path = os.pathsep.join([str(tmp_path / "dying"), str(ROOT)])
    arms = f"arms=[{{use: reference, name: dies, environment: {{PYTHONPATH: '{path}'}}}}]"
    code = main(["bench", *TINY, arms, "check=none", f"out={tmp_path / 'run'}"])
    assert code == 3, capsys.readouterr().out
    timings = read_timings(tmp_path / "run")
    assert [p.row for p in timings.processes] == [CONTROL, "dies"] * 2
    assert timings.bench.ended == "failed"
    *whole, dead = timings.processes
    assert dead.failure is not None
    assert dead.failure.symptom == "signal"
    for process in whole:
        assert process.failure is None
        assert process.wall_s == pytest.approx(sum(process.phases.by_name.values()))
        assert abs(process.phases.left_over_s) < 0.2 * process.wall_s
        assert process.phases.interpreter_s > 0
    statuses = {v.subject: v.status for v in read_verdicts(tmp_path / "run" / "verdicts.parquet")}
    assert statuses == {"dies": "crashed"}
    assert (tmp_path / "run" / MARKER).exists()
