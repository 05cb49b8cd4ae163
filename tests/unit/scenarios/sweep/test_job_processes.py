"""Processes that run several jobs: who shares one, when one ends, and what a dying one costs."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from made_up_sweeps import job, sweep, written

from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERRUPTED, MISTAKE, UNVERIFIED
from harness.records.sweep import Attempt
from harness.results.sweep_folder import attempts_at
from harness.scenarios.sweep import job as job_module
from harness.scenarios.sweep import job_process
from harness.scenarios.sweep.job import run_job
from harness.scenarios.sweep.job_process import JobProcess, Processes, most_jobs
from harness.system.accelerators import Accelerator
from harness.worker import devices

# Stands for the program of jobs: it answers each with the code that the job states, or dies as it states.
PROGRAM = """
import json, os, sys
codes = int(sys.argv[1])
sys.stdin.readline()
for line in sys.stdin:
    stated = json.loads(line)["overrides"][0].partition("=")[2]
    if stated == "dies":
        os.kill(os.getpid(), 11)
    os.write(codes, f"{stated}\\n".encode())
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stand_in.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(job_process, "PROGRAM", "stand_in")


def run(tmp_path: Path, processes: Processes, number: int, outcome: object) -> Attempt:
    each = job(number, outcome=str(outcome))
    if not (tmp_path / "s").exists():
        written(tmp_path / "s", [each])
    row = run_job(tmp_path / "s", sweep([]), each, processes=processes)
    assert row is not None
    return row


def test_jobs_share_a_process_until_one_does_not_go_well(tmp_path: Path, program: None) -> None:
    processes = Processes(4)
    outcomes = [AGREES, UNVERIFIED, AGREES, AGREES, AGREES, DIVERGES, AGREES, "dies", AGREES]
    rows = [run(tmp_path, processes, number, outcome) for number, outcome in enumerate(outcomes)]
    assert [row.place_in_process for row in rows] == [1, 2, 3, 4, 1, 2, 1, 2, 1]
    assert rows[7].message == "its process killed by SIGSEGV"
    assert [row.exit_code for row in rows[:7]] == outcomes[:7]
    assert processes.end_waiting()
    assert not processes.end_waiting()


def test_what_crashed_has_a_fresh_process(tmp_path: Path, program: None) -> None:
    processes = Processes(4)
    run(tmp_path, processes, 0, "dies")
    run(tmp_path, processes, 1, AGREES)
    assert run(tmp_path, processes, 0, "dies").place_in_process == 1
    assert run(tmp_path, processes, 2, AGREES).place_in_process == 2
    processes.end_waiting()


def test_jobs_with_other_devices_have_other_processes(tmp_path: Path, program: None) -> None:
    processes = Processes(4)
    log = tmp_path / "log"
    first = processes.take(sweep([]), {"CUDA_VISIBLE_DEVICES": "0"}, log, is_fresh=False)
    first.code = AGREES
    processes.give_back(first)
    other = processes.take(sweep([]), {"CUDA_VISIBLE_DEVICES": "1"}, log, is_fresh=False)
    assert other is not first
    assert processes.take(sweep([]), {"CUDA_VISIBLE_DEVICES": "0"}, log, is_fresh=False) is first
    folders = [process._folder.path for process in (first, other)]
    assert [folder.is_dir() for folder in folders] == [True, True]
    for process in (first, other):
        process.end()
    assert [folder.is_dir() for folder in folders] == [False, False]


def test_what_is_stopped_by_its_scheduler_is_no_crash(tmp_path: Path) -> None:
    attempt = Attempt(job=0, number=1, status="running", folder="0")
    codes: list[Any] = [INTERRUPTED, -15, -11, MISTAKE, CRASHED]
    judged = [job_module._judged(tmp_path, attempt, code, False, "") for code in codes]
    assert [row.status for row in judged] == ["interrupted", "interrupted", "crashed", "refused", "crashed"]


def test_what_is_timed_shares_no_process() -> None:
    assert [most_jobs(sweep([], verb=verb), 16) for verb in ("check", "match", "bench")] == [16, 1, 1]


def test_a_program_that_cannot_be_started_is_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    row = run(tmp_path, Processes(), 0, AGREES)
    assert row.status == "crashed"
    assert row.message.startswith("its process cannot be started")


def test_a_job_waits_for_the_memory_of_its_device_or_is_flagged(
    tmp_path: Path, program: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Accelerator] = []

    def held(device: Accelerator, is_given_up: object) -> str:
        seen.append(device)
        return f"{device} still held 1 GiB"

    monkeypatch.setattr(job_module, "settled", held)
    monkeypatch.setattr(job_module, "has_tool", lambda kind: kind == "gpu")
    each = job(0, outcome="0").model_copy(update={"accelerators": ("gpu", "ascend")})
    written(tmp_path / "s", [each])
    processes = Processes(4)
    row = run_job(tmp_path / "s", sweep([]), each, devices={"CUDA_VISIBLE_DEVICES": "3"}, processes=processes)
    assert row is not None
    assert seen == [Accelerator("gpu", "3")]
    assert row.device_flag == "gpu 3 still held 1 GiB"
    assert row.placement["CUDA_VISIBLE_DEVICES"] == "3"
    assert not processes.end_waiting()  # it would keep the memory of the device
    assert attempts_at(tmp_path / "s", 0) == [row]


def test_a_process_is_told_the_sweep_once(tmp_path: Path, program: None) -> None:
    process = JobProcess(sweep([job(0)]), {}, tmp_path / "log")
    for code in (AGREES, UNVERIFIED):
        process.begin(job(0, outcome=str(code)), tmp_path / "out", tmp_path / "log")
        assert process.wait(20.0)
        assert process.code == code
    process.end()


def test_the_next_job_on_a_device_waits_until_nvidia_smi_says_that_its_memory_is_free(
    tmp_path: Path, program: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a tool that says what a file holds, in MiB."""
    used, tool = tmp_path / "used", tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncat {used}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(devices, "_baselines", {})
    monkeypatch.setattr(devices, "POLL_S", 0.02)
    jobs = [job(number, outcome="0").model_copy(update={"accelerators": ("gpu",)}) for number in range(3)]
    written(tmp_path / "s", jobs)

    def flag_of(number: int) -> str:
        row = run_job(tmp_path / "s", sweep([]), jobs[number], processes=Processes(4))
        assert row is not None
        return row.device_flag

    used.write_text("500\n")
    assert flag_of(0) == ""
    used.write_text("9000\n")  # what the job has not given back yet
    threading.Timer(0.3, used.write_text, ["520\n"]).start()
    started_s = time.monotonic()
    assert flag_of(1) == ""
    assert time.monotonic() - started_s > 0.3
    used.write_text("9000\n")
    monkeypatch.setattr(devices, "SETTLED_S", 0.1)
    assert flag_of(2).startswith("gpu 0 still held 8.3 GiB more than its baseline after 0.1 s")
