"""What `-m` does: validates every job, writes the sweep, runs it, shows its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from harness.composition.mistakes import UserMistake
from harness.composition.preflight import claimed
from harness.composition.sweep.hydra_options import BASIC_SWEEPER
from harness.composition.sweep.jobs import Asking
from harness.records.exit_codes import INTERRUPTED, MISTAKE
from harness.records.sweep import Attempt, Sweep
from harness.results.sweep_folder import SWEEP, last_rows, uncancel, write_sweep
from harness.scenarios.ending import exit_code_of
from harness.scenarios.sweep.driver import Driver, SweepListener, close, outcome_of, reopen
from harness.scenarios.sweep.launchers.protocol import Launcher
from harness.scenarios.sweep.preparing import Prepared, ValidationListener, prepare_sweep
from harness.scenarios.sweep.request import Request
from harness.scenarios.sweep.search import search
from harness.system.output import say_on_stderr
from harness.system.stopping import heeding_signals, shielded

ONE_SEED_A_JOB = (
    "each seed is a job with a run of its own, which is judged by itself; seeds=N, without -m, is one study, which "
    "judges the pairs of all seeds together"
)


class Presenter(Protocol):
    """Shows sweeps and writes their pages; `harness.report.presented` is one."""

    def sweep_listener(self) -> ShowingListener: ...

    def write_sweep_report(self, folder: Path) -> None: ...

    def notice(self, text: str) -> None: ...


class ShowingListener(SweepListener, ValidationListener, Protocol):
    """Also shows how far the validation is, and the end."""

    def end(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None], code: int, sentence: str) -> None: ...


def begun(prepared: Prepared) -> Path:
    """Claims the folder of a sweep, or opens that of before again, and writes what is to be done; returns it."""
    folder = prepared.folder
    if not (folder / SWEEP).is_file():
        folder = claimed("sweep", None if prepared.is_usual else folder, folder)
    else:
        reopen(folder)
        uncancel(folder)
    write_sweep(folder, prepared.sweep)
    return folder


def start_multirun(request: Request, presenter: Presenter, announce: Callable[[Iterable[Any]], None]) -> int:
    """Runs a sweep from its validation to its table, and returns the exit code: that of the gravest job."""
    with np.errstate(all="ignore"), heeding_signals(), closing(presenter.sweep_listener()) as listener:
        prepared = prepare_sweep(request, listener)
        announce(dict.fromkeys(prepared.code))
        folder = begun(prepared)
        if "seed" in prepared.sweep.keys:
            presenter.notice(f"-m seed=: {ONE_SEED_A_JOB}")
        return run_to_end(folder, prepared.sweep, prepared.launcher, listener, presenter, prepared.asking)


def run_to_end(
    folder: Path,
    sweep: Sweep,
    launcher: Launcher,
    listener: ShowingListener,
    presenter: Presenter,
    asking: Asking,
) -> int:
    """Runs what is open of a sweep that is written, completes it, and shows it. Returns the exit code."""
    listener.begin(folder, sweep, last_rows(folder, sweep.jobs))
    driver = Driver(folder, sweep, launcher, listener)
    driver.callbacks.start(sweep)
    is_interrupted, failed = False, 0
    try:
        if sweep.sweeper.get("_target_") == BASIC_SWEEPER:
            driver.see_through(sweep.jobs)
        else:
            search(driver, asking)
    except KeyboardInterrupt:
        is_interrupted = True
    except UserMistake as mistake:  # a trial of a search that is not sound, or what a scheduler refuses
        say_on_stderr(str(mistake))
        failed = MISTAKE
    except Exception as error:
        failed = exit_code_of(error)
    sweep = driver.sweep
    with shielded():
        with suppress(OSError):
            driver.callbacks.end(sweep)
        if not is_interrupted and not failed:
            close(folder, sweep)
        with suppress(OSError):
            presenter.write_sweep_report(folder)
    rows = last_rows(folder, sweep.jobs)
    code, sentence = outcome_of(sweep, rows, is_interrupted)
    listener.end(folder, sweep, rows, failed or code, sentence)
    return INTERRUPTED if is_interrupted else failed or code
