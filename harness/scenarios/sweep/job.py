"""Runs one attempt at a job: in another process, with a row that says how it ended, whatever happens."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from harness.records.exit_codes import CRASHED, INTERRUPTED, MISTAKE
from harness.records.failure import shortened
from harness.records.sweep import Attempt, Job, Sweep
from harness.results.marker import MARKER
from harness.results.objects import NOT_READ, read_object
from harness.results.sweep_folder import (
    BEAT_S,
    attempts_at,
    begin_attempt,
    file_system_time,
    is_cancelled,
    is_open,
    lives,
    log_file,
    now,
    renew,
    write_attempt,
)
from harness.scenarios.sweep.job_process import JobProcess, Processes
from harness.scenarios.sweep.numbers import numbers_of
from harness.system.accelerators import PLACEMENT, NoSuchDeviceError, accelerator, has_tool
from harness.system.stopping import shielded
from harness.system.turns import cores, turn
from harness.worker.devices import settled
from harness.worker.group import ending

POLL_S = 0.1
EARLY_S = 5.0  # seconds for that where a scheduler ends this process
LOOK_S = 1.0  # between two looks at the folder, which may be on a network's disk
STOP_S = 30.0  # seconds that a job may take to write what it has when it is stopped
# What is stopped before it heeds signals ends by the signal, which a scheduler that pre-empts sends to all processes.
STOPPED = (INTERRUPTED, -signal.SIGTERM)
TAIL = 4000  # bytes of a log in which its last line is looked for
Stopped = Callable[[], bool]


def run_job(
    folder: Path,
    sweep: Sweep,
    job: Job,
    launched_as: str = "",
    is_stopped: Stopped = lambda: False,
    devices: Mapping[str, str] = MappingProxyType({}),
    processes: Processes | None = None,
) -> Attempt | None:
    """Runs the job where it is open, on this host; returns its last row, None where it has none or runs elsewhere.

    Nothing is run that is done, that runs elsewhere, or that has failed twice. `is_stopped`: asks the job to end.
    `devices`: the variables that give it devices of this host. `processes`: those that may have run jobs before; by
    default the job has a process of its own.
    """

    looked_s, cancelled = -LOOK_S, False

    def stops() -> bool:
        nonlocal looked_s, cancelled
        if time.monotonic() - looked_s >= LOOK_S:
            looked_s, cancelled = time.monotonic(), is_cancelled(folder)
        return cancelled or is_stopped()

    attempts = _buried(folder, job, launched_as)
    if not is_open(attempts):  # most jobs of a sweep that many hosts run together: no turn is waited for
        return attempts[-1] if attempts[-1].status != "running" else None
    with turn(cores() if sweep.is_timed else job.cores, stops) as is_on:
        attempts = attempts_at(folder, job.number)
        flag = _settled_devices(job, devices, stops) if is_on and is_open(attempts) else ""
        attempt = begin_attempt(folder, job, launched_as) if is_on and not stops() and is_open(attempts) else None
        if attempt is None:
            return attempts[-1] if attempts and attempts[-1].status != "running" else None
        placement = {name: os.environ[name] for name in PLACEMENT if name in os.environ}
        attempt = attempt.model_copy(update={"placement": {**placement, **devices}, "device_flag": flag})
        # A process that waits for its next job would keep the memory of its device.
        shared = processes if processes is not None and not any(map(has_tool, job.accelerators)) else Processes()
        return _finished(folder, sweep, job, attempt, stops, devices, shared)


def _settled_devices(job: Job, devices: Mapping[str, str], stops: Stopped) -> str:
    """Waits until the memory of the job's devices is back near what was in use before the sweep began here.

    Returns why it is not; empty where it is. Devices that no tool of this host knows are not waited for.
    """
    flags = []
    for kind in job.accelerators:
        if has_tool(kind):
            with suppress(NoSuchDeviceError):  # the arm says so
                flags.append(settled(accelerator(kind, 0, {**os.environ, **devices}), stops))
    return "; ".join(filter(None, flags))


def _buried(folder: Path, job: Job, launched_as: str) -> list[Attempt]:
    """The rows of a job, the last of which is now lost where it does not run any more.

    It does not where its scheduler runs the same task again, as after a pre-emption.
    """
    attempts = attempts_at(folder, job.number)
    if not attempts or attempts[-1].status != "running":
        return attempts
    is_again = attempts[-1].process != os.getpid() and launched_as == attempts[-1].launched_as != ""
    if is_again or not lives(folder, attempts[-1], file_system_time(folder)):
        why = "its process ended without a word: killed, pre-empted, or its host went down"
        attempts[-1] = attempts[-1].model_copy(update={"status": "lost", "ended": now(), "message": why})
        write_attempt(folder, attempts[-1])
    return attempts


def _finished(
    folder: Path,
    sweep: Sweep,
    job: Job,
    attempt: Attempt,
    stops: Stopped,
    devices: Mapping[str, str],
    processes: Processes,
) -> Attempt:
    """Runs an attempt to its end, and writes its row. What is run again has a fresh process."""
    log = log_file(folder, attempt.job, attempt.number)
    began_s = time.monotonic()
    was_stopped, failure = False, ""
    code: int | None = None
    try:
        process = processes.take(sweep, devices, log, is_fresh=attempt.number > 1)
        attempt = attempt.model_copy(update={"place_in_process": process.count + 1})
        try:
            process.begin(job, folder / attempt.folder, log)
            was_stopped = _waited(folder, attempt, process, stops)
        except BaseException:  # a scheduler ends this process: a pre-emption, a time limit
            _end_early(folder, attempt, process)
            raise
        code = process.end() if process.code is None else process.code
        processes.give_back(process)
    except (OSError, ValueError) as error:
        failure = f"its process cannot be started ({error})"
    wall_s = time.monotonic() - began_s
    ended = attempt.model_copy(update={"ended": now(), "wall_s": round(wall_s, 3), "exit_code": code})
    row = _judged(folder, ended, code, was_stopped, failure or _last_line(log))
    write_attempt(folder, row)
    return row


def _end_early(folder: Path, attempt: Attempt, process: JobProcess) -> None:
    with shielded():
        process.terminate()
        process.wait(EARLY_S)
        process.end()
        why = "the process that ran it was ended: pre-empted, out of time, or stopped"
        write_attempt(folder, attempt.model_copy(update={"status": "interrupted", "ended": now(), "message": why}))


def _waited(folder: Path, attempt: Attempt, process: JobProcess, stops: Stopped) -> bool:
    """Waits for the end of the job. Returns whether it was asked to end."""
    beat_s = asked_s = time.monotonic()
    was_stopped = False
    while not process.wait(POLL_S):
        now_s = time.monotonic()
        if now_s - beat_s >= BEAT_S:
            renew(folder, attempt)
            beat_s = now_s
        if not was_stopped and stops():
            process.terminate()
            was_stopped, asked_s = True, now_s
        elif was_stopped and now_s - asked_s > STOP_S:
            break
    return was_stopped


def _judged(folder: Path, attempt: Attempt, code: int | None, was_stopped: bool, last_line: str) -> Attempt:
    """The row by what the run has left. It is done where the run is complete and no arm crashed."""
    run = folder / attempt.folder
    try:
        marker = read_object(run / MARKER)
        outcome = {"exit_code": int(marker["exit_code"]), "sentence": str(marker["sentence"])}
    except NOT_READ:
        if was_stopped or code in STOPPED:
            return attempt.model_copy(update={"status": "interrupted", "message": "stopped before its end"})
        status = "refused" if code == MISTAKE else "crashed"
        told = "" if code is None else f"its process {ending(code)}"
        message = "; ".join(filter(None, (told, last_line)))
        return attempt.model_copy(update={"status": status, "message": message})
    share, arms = numbers_of(run)
    status = "crashed" if outcome["exit_code"] == CRASHED else "done"
    return attempt.model_copy(update={"status": status, "share": share, "arms": arms, **outcome})


def _last_line(log: Path) -> str:
    """The last line of text in a log, for the row of a job that left no run."""
    with suppress(OSError):
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL))
            lines = stream.read().decode("utf-8", "replace").splitlines()
        return next((shortened(line.strip(), 300) for line in reversed(lines) if line.strip()), "")
    return ""
