"""Sees a sweep to its end: begins what is open, runs again once what crashed or was lost, completes the folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from harness.records.exit_codes import AGREES, INTERRUPTED, UNFINISHED, UNVERIFIED
from harness.records.sweep import Attempt, Job, Sweep, code_of, gravest, sentence_of
from harness.results.marker import MARKER, Marker, complete
from harness.results.sweep_folder import (
    Ended,
    all_attempts,
    attempts_at,
    is_cancelled,
    is_open,
    last_rows,
    mark_lost,
    read_handed,
    write_handed,
)
from harness.scenarios.sweep.callbacks import JobCallbacks
from harness.scenarios.sweep.launchers.protocol import Launcher, LocalJobs
from harness.system.many_files import for_each
from harness.system.stopping import shielded

POLL_S = 1.0
READING_SHARE = 10  # of ten thousand rows on a network's disk, so that they are not read all the time


class SweepListener(Protocol):
    """Receives the progress of a sweep; `harness.report.screen.sweep` prints it."""

    def begin(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None]) -> None: ...

    def row(self, job: Job, row: Attempt, left: int) -> None: ...

    def close(self) -> None: ...


class Driver:
    """Runs jobs of one sweep with one launcher. Several drivers, on any hosts, may run one sweep together."""

    def __init__(self, folder: Path, sweep: Sweep, launcher: Launcher, listener: SweepListener) -> None:
        self.folder, self.sweep, self.launcher, self.listener = folder, sweep, launcher, listener
        self.callbacks = JobCallbacks(sweep, str(folder))
        self.failed = False
        self.left = 0  # jobs that are open, or run
        self._ended: Ended = {}
        self._told = set[tuple[int, int]]()  # jobs with the attempt that the listener knows of

    def see_through(self, jobs: Sequence[Job]) -> None:
        """Runs the jobs until none is open, or one has failed where the sweep is to fail fast.

        A KeyboardInterrupt leaves a row for each job that ran.
        """
        mark_lost(self.folder, self._ended)
        rows = self._rows(jobs)
        self._told |= {(row.job, row.number) for row in rows if row.status != "running"}
        self.left = len(self._open(jobs)) + sum(row.status == "running" for row in rows)
        while not self.is_stopped() and (waiting := self._open(jobs)):
            if isinstance(self.launcher, LocalJobs):
                self.launcher.run(self.folder, self.sweep, waiting, self._on_row, self.is_stopped)
            else:
                self._hand_over_and_wait(waiting)
            self._wait_for_others(jobs)

    def hand_over(self, jobs: Sequence[Job]) -> int:
        """Hands open jobs that no scheduler has to one, and does not wait for them. Returns how many."""
        assert not isinstance(self.launcher, LocalJobs)
        mark_lost(self.folder, self._ended)
        waiting = self._open(jobs)
        write_handed(self.folder, self.launcher.hand_over(self.folder, self.sweep, waiting) if waiting else {})
        return len(waiting)

    def is_stopped(self) -> bool:
        """Whether no further job is to begin."""
        return (self.sweep.fail_fast and self.failed) or is_cancelled(self.folder)

    def _open(self, jobs: Sequence[Job]) -> list[Job]:
        attempts = self._attempts()
        return [job for job in jobs if is_open(attempts.get(job.number, []))]

    def _attempts(self) -> dict[int, list[Attempt]]:
        return all_attempts(self.folder, self._ended)

    def _on_row(self, row: Attempt) -> None:
        job = self._job(row.job)
        self._told.add((row.job, row.number))
        is_final = not is_open(attempts_at(self.folder, row.job))
        self.left -= is_final
        if is_final and code_of(row) not in (AGREES, UNVERIFIED):
            self.failed = True
        self.listener.row(job, row, self.left)
        self.callbacks.row(job, row)

    def _wait_for_others(self, jobs: Sequence[Job]) -> None:
        """Tells what other drivers have ended, and waits for what they, or tasks of a scheduler, still run."""
        while True:
            rows = self._rows(jobs)
            for row in rows:
                if row.status != "running" and (row.job, row.number) not in self._told:
                    self._on_row(row)
            if self.is_stopped() or all(row.status != "running" for row in rows):
                return
            self._pause()

    def _job(self, number: int) -> Job:
        """The job of this number; jobs are numbered in their order."""
        return self.sweep.jobs[number]

    def _pause(self) -> None:
        """Waits, longer where rows take long to read, and marks those that are lost."""
        began_s = time.monotonic()
        mark_lost(self.folder, self._ended)
        time.sleep(max(POLL_S, READING_SHARE * (time.monotonic() - began_s)))

    def _rows(self, jobs: Sequence[Job]) -> list[Attempt]:
        return [row for row in last_rows(self.folder, jobs, self._ended) if row is not None]

    def _hand_over_and_wait(self, waiting: Sequence[Job]) -> None:
        """Hands jobs to a scheduler, and waits until each has a row or is gone."""
        assert not isinstance(self.launcher, LocalJobs)
        known = self._attempts()
        before = {job.number: len(known.get(job.number, [])) for job in waiting}
        handed = dict(self.launcher.hand_over(self.folder, self.sweep, waiting))
        write_handed(self.folder, handed)
        pending = {job.number: job for job in waiting}
        try:
            while pending and not self.is_stopped():
                self._pause()
                attempts = self._attempts()
                gone = self.launcher.gone({number: handed[number] for number in pending if number in handed})
                for number in list(pending):
                    rows = attempts.get(number, [])
                    if len(rows) > before[number] and rows[-1].status != "running":
                        del pending[number]
                        self._on_row(rows[-1])
                    elif number in gone and len(rows) == before[number]:
                        del pending[number]
                        self._never_began(number)
        except BaseException:
            with shielded():
                self.launcher.withdraw({number: handed[number] for number in pending if number in handed})
            raise
        if pending:
            self.launcher.withdraw({number: handed[number] for number in pending if number in handed})

    def _never_began(self, number: int) -> None:
        """Writes the row of a job that its scheduler has lost before it began."""
        from harness.results.sweep_folder import begin_attempt, now, write_attempt

        attempt = begin_attempt(self.folder, self._job(number))
        if attempt is not None:
            why = "the launcher lost it before it began: its log says why"
            row = attempt.model_copy(update={"status": "lost", "ended": now(), "message": why})
            write_attempt(self.folder, row)
            self._on_row(row)


def outcome_of(sweep: Sweep, rows: Sequence[Attempt | None], is_interrupted: bool = False) -> tuple[int, str]:
    """The exit code of a sweep, the gravest of its jobs', and its sentence."""
    codes = [code_of(row) for row in rows] or [UNFINISHED]
    return gravest([*codes, *([INTERRUPTED] if is_interrupted else [])]), sentence_of(sweep, rows)


def close(folder: Path, sweep: Sweep) -> bool:
    """Completes the folder of a sweep of which no job is open and none runs. Returns whether it is complete."""
    attempts = all_attempts(folder)
    rows = {job: attempts[job][-1] for job in attempts}
    left = [job for job in sweep.jobs if is_open(attempts.get(job.number, [])) or rows[job.number].status == "running"]
    if left or not sweep.jobs:
        return False
    code, sentence = outcome_of(sweep, [rows[job.number] for job in sweep.jobs])
    places = [row.folder for row in _in_order(rows)]
    are_complete = for_each(places, lambda place: (folder / place / MARKER).is_file())
    runs = {place: folder / place for place, is_complete in zip(places, are_complete, strict=True) if is_complete}
    with shielded():
        complete(folder, Marker.of("sweep", code, sentence), runs)
    return True


def reopen(folder: Path) -> None:
    """Makes a complete sweep unfinished again, before further jobs are added or run."""
    with suppress(FileNotFoundError):
        (folder / MARKER).unlink()


def handed_of(folder: Path, jobs: Sequence[Job]) -> Mapping[int, str]:
    """As what a scheduler knows those of the jobs that were handed to it."""
    handed = read_handed(folder)
    return {job.number: handed[str(job.number)] for job in jobs if str(job.number) in handed}


def _in_order(rows: Mapping[int, Attempt]) -> list[Attempt]:
    return [rows[job] for job in sorted(rows)]
