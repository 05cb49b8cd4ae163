"""What `twinrun sweep` does with a sweep: submit, status, collect, cancel, resume. Each works from its folder alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import harness
from harness.composition.mistakes import UserMistake, no_such
from harness.composition.sweep.hydra_options import BASIC_SWEEPER
from harness.composition.sweep.jobs import asking_of
from harness.records.exit_codes import AGREES
from harness.records.sweep import Attempt, Sweep
from harness.results.objects import NOT_READ
from harness.results.sweep_folder import (
    SWEEP,
    all_attempts,
    cancel,
    file_system_time,
    is_open,
    last_rows,
    mark_lost,
    read_sweep,
    status_of,
    uncancel,
)
from harness.scenarios.sweep.driver import Driver, close, handed_of, outcome_of, reopen
from harness.scenarios.sweep.launchers.protocol import LocalJobs, launcher_of
from harness.scenarios.sweep.preparing import prepare_sweep
from harness.scenarios.sweep.request import Request
from harness.scenarios.sweep.start import Presenter, begun, run_to_end
from harness.system.files import FileError, given_path
from harness.system.stopping import heeding_signals

DRIVER_LOG = "driver.log"


class ActionPresenter(Presenter, Protocol):
    """Also shows how far a sweep is."""

    def show_status(self, folder: Path, sweep: Sweep, statuses: Sequence[str], rows: Sequence[Attempt | None]) -> None:
        """Shows what has become of every job."""

    def show_sweep(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None], code: int, sentence: str) -> None:
        """Shows the table and the outcome."""


def submit(request: Request, presenter: ActionPresenter, announce: Callable[[Iterable[Any]], None]) -> int:
    """Validates the jobs, hands them over and returns; on this host a process of its own runs them."""
    with np.errstate(all="ignore"), heeding_signals(), closing(presenter.sweep_listener()) as listener:
        prepared = prepare_sweep(request, listener)
        announce(dict.fromkeys(prepared.code))
        folder = begun(prepared)
        sweep, launcher = prepared.sweep, prepared.launcher
        is_search = sweep.sweeper.get("_target_") != BASIC_SWEEPER
        if isinstance(launcher, LocalJobs) or is_search or sweep.fail_fast:
            _drive_on(folder)
        else:
            Driver(folder, sweep, launcher, listener).hand_over(sweep.jobs)
        presenter.notice(f"{len(sweep.jobs):,} jobs are handed over; twinrun sweep status {folder}")
    return AGREES


def _drive_on(folder: Path) -> None:
    """Starts a process that sees the sweep to its end, whatever becomes of this one."""
    paths = [str(Path(harness.__file__).absolute().parents[1]), os.environ.get("PYTHONPATH")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with (folder / DRIVER_LOG).open("ab") as log:
        command = [sys.executable, "-m", "harness", "sweep", "resume", str(folder), "--wait"]
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        subprocess.Popen(command, start_new_session=True, env=environment, **streams)  # type: ignore[call-overload]


def status(text: str, presenter: ActionPresenter) -> int:
    """Shows what has become of every job. Returns the exit code: that of the gravest job, while some are open."""
    folder, sweep = sweep_at(text)
    attempts, now = all_attempts(folder), file_system_time(folder)
    statuses = [status_of(folder, attempts.get(job.number, []), now) for job in sweep.jobs]
    rows = [attempts[job.number][-1] if job.number in attempts else None for job in sweep.jobs]
    presenter.show_status(folder, sweep, statuses, rows)
    return outcome_of(sweep, rows)[0]


def collect(text: str, presenter: ActionPresenter) -> int:
    """Makes the table and the pages of the rows there are, and completes the folder where no job is left."""
    folder, sweep = sweep_at(text)
    with np.errstate(all="ignore"):
        mark_lost(folder)
        if not _runs_or_searches(folder, sweep):
            close(folder, sweep)
        presenter.write_sweep_report(folder)
        rows = last_rows(folder, sweep.jobs)
        code, sentence = outcome_of(sweep, rows)
        presenter.show_sweep(folder, sweep, rows, code, sentence)
    return code


def _runs_or_searches(folder: Path, sweep: Sweep) -> bool:
    """Whether a search may still add jobs."""
    return sweep.sweeper.get("_target_") != BASIC_SWEEPER and len(sweep.jobs) < int(sweep.sweeper.get("n_trials", 0))


def stop(text: str, presenter: ActionPresenter) -> int:
    """Ends the running jobs of a sweep, on all hosts, and begins no other. What is done stays."""
    folder, sweep = sweep_at(text)
    cancel(folder)
    attempts = all_attempts(folder)
    waiting = [job for job in sweep.jobs if is_open(attempts.get(job.number, []))]
    handed = handed_of(folder, waiting)
    if handed:
        launcher = launcher_of(sweep.launcher)
        if not isinstance(launcher, LocalJobs):
            launcher.withdraw(handed)
    running = sum(rows[-1].status == "running" for rows in attempts.values())
    presenter.notice(
        f"cancelled: {len(waiting):,} jobs will not begin, {running:,} are asked to end; "
        f"twinrun sweep resume {folder} goes on"
    )
    return AGREES


def resume(text: str, presenter: ActionPresenter, is_waiting: bool = False) -> int:
    """Runs what is open: what has not begun, was interrupted, or crashed or was lost once.

    On this host it is run now, by a scheduler later, unless `is_waiting`.
    """
    folder, sweep = sweep_at(text)
    with np.errstate(all="ignore"), heeding_signals(), closing(presenter.sweep_listener()) as listener:
        lost = mark_lost(folder)
        uncancel(folder)
        attempts = all_attempts(folder)
        is_search = sweep.sweeper.get("_target_") != BASIC_SWEEPER
        if lost:
            presenter.notice(f"lost, and run again where that is not the second time: {_in_words(lost)}")
        if any(is_open(attempts.get(job.number, [])) for job in sweep.jobs):
            reopen(folder)
        launcher = launcher_of(sweep.launcher)
        if isinstance(launcher, LocalJobs) or is_waiting or is_search:
            return run_to_end(folder, sweep, launcher, listener, presenter, asking_of(sweep))
        count = Driver(folder, sweep, launcher, listener).hand_over(sweep.jobs)
        presenter.notice(f"{count:,} jobs are handed over; twinrun sweep status {folder}")
    return AGREES


def _in_words(lost: Sequence[Attempt]) -> str:
    return ", ".join(f"job {row.job}" for row in lost[:10]) + (f" and {len(lost) - 10:,} more" * (len(lost) > 10))


def sweep_at(text: str) -> tuple[Path, Sweep]:
    """The folder that a user names, and its sweep. Raises UserMistake where it is none."""
    try:
        folder = given_path(text)
    except FileError as error:
        raise UserMistake([f"{text}: {error}"]) from None
    if not (folder / SWEEP).is_file():
        reason = "is no folder of a sweep" if folder.is_dir() else "is no folder on this host"
        near = ""
        with suppress(OSError):
            names = [path.name for path in folder.parent.iterdir() if (path / SWEEP).is_file()]
            near = f"; {no_such('beside it', folder.name, names)}" if names and not folder.is_dir() else ""
        raise UserMistake([f"{text} {reason}: there is no {SWEEP} in it{near}"])
    try:
        return folder.absolute(), read_sweep(folder)
    except NOT_READ as error:
        raise UserMistake([f"{folder / SWEEP}: {' '.join(str(error).split())[:200]}"]) from None
