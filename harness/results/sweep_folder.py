"""The folder of a sweep: what it is asked to do, and a row for each attempt at a job.

Any host that sees the folder may read it and run jobs of it. A file is written whole, and an attempt is begun by
creating its file, which only one process can do. A running attempt renews the time of its file. Whether it lives is
told by the file system's clock alone, so the clocks of hosts may differ.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import count, takewhile
from pathlib import Path

from harness.records.sweep import FAILED, MOST_FAILURES, Attempt, Job, JobStatus, Sweep
from harness.results.files import read_spec
from harness.results.kinds import SWEEP as SWEEP
from harness.results.objects import NOT_READ, read_object
from harness.system.many_files import for_each
from harness.system.writing import PARTIAL, as_disk_failure

JOBS = "jobs"
CANCELLED, HANDED = "cancel", "handed.json"
BEAT_S = 5.0  # a running attempt shows that often that it lives
LOST_S = 60.0  # and is lost when it has not for so long
# Rows that are never written again: one that is lost may yet be ended by a host that was out of reach.
FINAL = ("done", "crashed", "interrupted", "refused")
Ended = dict[str, Attempt]  # rows that were read before and are final, by the name of their file


def attempt_file(folder: Path, job: int, number: int) -> Path:
    """The row of an attempt."""
    return folder / JOBS / f"{job:05d}.{number}.json"


def log_file(folder: Path, job: int, number: int) -> Path:
    """What a job's process printed."""
    return folder / JOBS / f"{job:05d}.{number}.log"


def place_of(job: Job, number: int) -> str:
    """The folder of an attempt's run, below that of the sweep: each attempt has its own."""
    return job.place if number == 1 else f"{job.place}-{number}"


def write_sweep(folder: Path, sweep: Sweep) -> None:
    """Writes what the sweep is asked to do."""
    (folder / JOBS).mkdir(parents=True, exist_ok=True)
    _write(folder / SWEEP, sweep.model_dump_json(indent=1))


def read_sweep(folder: Path) -> Sweep:
    """What the sweep is asked to do; UnreadableError, or one of `DAMAGE`, where that is damaged or missing."""
    return read_spec(folder / SWEEP, Sweep, "sweep")


def now() -> str:
    """The time of a row."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin_attempt(folder: Path, job: Job, launched_as: str = "") -> Attempt | None:
    """The row of a new attempt, written; None where another process has begun it just now."""
    number = len(attempts_at(folder, job.number)) + 1
    attempt = Attempt(
        job=job.number,
        number=number,
        status="running",
        folder=place_of(job, number),
        digest=job.digest,
        host=socket.gethostname(),
        process=os.getpid(),
        launched_as=launched_as,
        started=now(),
    )
    file = attempt_file(folder, job.number, number)
    beside = _beside(file)
    text = attempt.model_dump_json(indent=1) + "\n"
    try:
        beside.write_text(text, encoding="utf-8")
        try:
            os.link(beside, file)
        except FileExistsError:
            return None
        except OSError:  # a file system without links
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
    except FileExistsError:
        return None
    finally:
        beside.unlink(missing_ok=True)
    return attempt


def write_attempt(folder: Path, attempt: Attempt) -> None:
    """Replaces the row of an attempt."""
    _write(attempt_file(folder, attempt.job, attempt.number), attempt.model_dump_json(indent=1))


def renew(folder: Path, attempt: Attempt) -> None:
    """Shows that the attempt lives."""
    with suppress(OSError):
        os.utime(attempt_file(folder, attempt.job, attempt.number))


def attempts_at(folder: Path, job: int) -> list[Attempt]:
    """The rows of a job, in order. One that cannot be read counts as lost."""
    files = takewhile(Path.exists, (attempt_file(folder, job, number) for number in count(1)))
    return [_read_attempt(file, job) for file in files]


def all_attempts(folder: Path, ended: Ended | None = None) -> dict[int, list[Attempt]]:
    """The rows of all jobs that have begun, by the number of the job.

    `ended`: rows that need not be read again; those that are final now are added.
    """
    known = {} if ended is None else ended
    names = [path.name for path in (folder / JOBS).glob("*.json") if path.name.count(".") == 2]
    rows = {name: known[name] for name in names if name in known}
    unknown = [name for name in names if name not in known]
    read = for_each(unknown, lambda name: _read_attempt(folder / JOBS / name, _number_of(name)[0]))
    for name, row in zip(unknown, read, strict=True):
        rows[name] = row
        if row.status in FINAL:
            known[name] = row
    found: dict[int, list[Attempt]] = {}
    for name in sorted(names, key=_number_of):
        found.setdefault(rows[name].job, []).append(rows[name])
    return found


def last_rows(folder: Path, jobs: Iterable[Job], ended: Ended | None = None) -> list[Attempt | None]:
    """The last row of each job; None of a job that has not begun. `ended`: as of `all_attempts`."""
    attempts = all_attempts(folder, ended)
    return [attempts[job.number][-1] if job.number in attempts else None for job in jobs]


def lives(folder: Path, attempt: Attempt, file_system_now: float) -> bool:
    """Whether a running attempt does run. `file_system_now`: of `file_system_time`."""
    if attempt.host == socket.gethostname() and not Path(f"/proc/{attempt.process}").exists():
        return False
    try:
        return file_system_now - attempt_file(folder, attempt.job, attempt.number).stat().st_mtime < LOST_S
    except OSError:
        return False


def file_system_time(folder: Path) -> float:
    """The time that the folder's file system, which may be another host's, gives to a file written now."""
    probe = _beside(folder / JOBS / "time")
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        with suppress(OSError):
            probe.unlink()


def status_of(folder: Path, attempts: Sequence[Attempt], file_system_now: float) -> JobStatus:
    """What has become of a job, by its rows."""
    if not attempts:
        return "waiting"
    last = attempts[-1]
    if last.status == "running" and not lives(folder, last, file_system_now):
        return "lost"
    return last.status


def failures_among(attempts: Sequence[Attempt]) -> int:
    """How many attempts crashed or were lost. What was stopped, by Ctrl-C or a cancellation, is no failure."""
    return sum(attempt.status in FAILED for attempt in attempts)


def is_open(attempts: Sequence[Attempt]) -> bool:
    """Whether the job is to be run (again): it is not done, and has not failed twice. One that runs is not open."""
    if not attempts:
        return True
    last = attempts[-1].status
    return last == "interrupted" or (last in FAILED and failures_among(attempts) < MOST_FAILURES)


def mark_lost(folder: Path, ended: Ended | None = None) -> list[Attempt]:
    """Writes into the rows of attempts that run no longer that they are lost; returns them.

    `ended`: as of `all_attempts`.
    """
    time_now = file_system_time(folder)
    lost = []
    for attempts in all_attempts(folder, ended).values():
        last = attempts[-1]
        if last.status == "running" and not lives(folder, last, time_now):
            why = f"its process {last.process} on {last.host} ended without a word: killed, or its host went down"
            attempt = last.model_copy(update={"status": "lost", "ended": now(), "message": why})
            write_attempt(folder, attempt)
            lost.append(attempt)
    return lost


def cancel(folder: Path) -> None:
    """Asks every process that runs jobs of the sweep, on any host, to stop."""
    _write(folder / CANCELLED, now())


def is_cancelled(folder: Path) -> bool:
    """Whether the sweep is to stop."""
    return (folder / CANCELLED).exists()


def uncancel(folder: Path) -> None:
    """Takes the cancellation back."""
    (folder / CANCELLED).unlink(missing_ok=True)


def write_handed(folder: Path, handed: Mapping[int, str]) -> None:
    """Records as what a scheduler knows the jobs that were handed to it, beside those of before."""
    _write(folder / HANDED, json.dumps({**read_handed(folder), **{str(job): name for job, name in handed.items()}}))


def read_handed(folder: Path) -> dict[str, str]:
    """By the number of the job, as what a scheduler knows it; empty where none was handed to one."""
    try:
        return {str(job): str(name) for job, name in read_object(folder / HANDED).items()}
    except NOT_READ:
        return {}


def _number_of(name: str) -> tuple[int, int]:
    job, number, _ = name.split(".")
    return int(job), int(number)


def _read_attempt(file: Path, job: int) -> Attempt:
    try:
        return read_spec(file, Attempt, "row of a sweep")
    except NOT_READ as error:
        number = _number_of(file.name)[1]
        why = f"its row cannot be read ({type(error).__name__})"
        return Attempt(job=job, number=number, status="lost", folder="", message=why)


def _write(path: Path, text: str) -> None:
    """Writes a file whole. Its temporary name is this process's own, since other hosts may write the same file now."""
    beside = _beside(path)
    try:
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise as_disk_failure(error, path) or error from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
