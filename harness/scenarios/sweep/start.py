"""What `-m` does: validates every job, writes the sweep, runs it, shows its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake
from harness.composition.preflight import Known, claimed, unusable
from harness.composition.sweep.grid import Combination, swept
from harness.composition.sweep.hydra_options import BASIC_SWEEPER, HydraNode, hydra_node, split
from harness.composition.sweep.jobs import Asking, ValidJob, validated
from harness.composition.sweep.places import places_of
from harness.composition.sweep.spaces import space_of
from harness.records.exit_codes import INTERRUPTED, MISTAKE
from harness.records.sweep import Attempt, Job, Sweep
from harness.results.claim import claimed_by
from harness.results.sweep_folder import JOBS, SWEEP, last_rows, read_sweep, uncancel, write_sweep
from harness.scenarios.ending import exit_code_of
from harness.scenarios.sweep.driver import Driver, SweepListener, close, outcome_of, reopen
from harness.scenarios.sweep.launchers.protocol import Launcher, launcher_of
from harness.scenarios.sweep.request import Request
from harness.scenarios.sweep.search import search
from harness.scenarios.sweep.sweeper import sweeper_of
from harness.system.files import given_path
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


class ShowingListener(SweepListener, Protocol):
    """Also shows how far the validation is, and the end."""

    def validating(self, done: int, total: int) -> None: ...

    def end(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None], code: int, sentence: str) -> None: ...


@dataclass(frozen=True)
class Prepared:
    """A sweep that is sound, with its launcher. `folder`: where it is to be, or is where it is continued.

    `is_usual`: whether no folder was typed, so that the next free name is taken.
    """

    sweep: Sweep
    folder: Path
    is_usual: bool
    launcher: Launcher
    code: tuple[object, ...]
    asking: Asking


def prepare_sweep(request: Request, listener: ShowingListener) -> Prepared:
    """Validates the whole grid. Raises UserMistake with the mistakes of all jobs; nothing has been written then."""
    groups = ConfigGroups.beside(request.config_dirs, request.config_name)
    of_hydra, of_experiment = split(request.typed)
    node = hydra_node(of_hydra, of_experiment, groups, request.trust, is_multirun=True)
    _refuse_of_one_run(of_experiment)
    mistakes: list[str] = []
    found = node.resolved({})
    params = [f"{key}={value}" for key, value in (found["sweeper"].get("params") or {}).items()]
    typed = [*params, *of_experiment]
    asking = Asking(
        request.verb,
        request.config_dirs,
        request.trust,
        {str(name): str(value) for name, value in found["job.env_set"].items()},
        Known(groups),
    )
    is_search = found["sweeper"].get("_target_") != BASIC_SWEEPER
    combinations: list[Combination] = []
    keys: tuple[str, ...] = ()
    jobs: list[ValidJob] = []
    try:
        if is_search:
            space = space_of(typed, groups.all_options(), request.verb)
            sweeper_of(found["sweeper"], space)
            keys, combinations = space.keys, space.corners()
        else:
            grid = swept(typed, groups.all_options(), request.verb)
            keys, combinations = grid.keys, grid.combinations()
        jobs = validated(asking, combinations, lambda done: listener.validating(done, len(combinations)))
    except UserMistake as mistake:
        mistakes += mistake.mistakes
    launcher = None
    try:
        launcher = launcher_of(found["launcher"])
    except UserMistake as mistake:
        mistakes += mistake.mistakes
    if mistakes or launcher is None:
        raise UserMistake(mistakes)
    sweep = Sweep(
        verb=request.verb,
        typed=tuple(of_experiment),
        keys=keys,
        config_dirs=tuple(str(folder.expanduser().absolute()) for folder in request.config_dirs),
        config_name=request.config_name,
        trust=request.trust,
        fail_fast=request.fail_fast,
        launcher=found["launcher"],
        sweeper=found["sweeper"],
        callbacks=found["callbacks"],
        environment=dict(asking.environment),
        cwd=str(Path.cwd()),
    )
    return _placed(sweep, node, [] if is_search else jobs, jobs[0], launcher, asking)


def _refuse_of_one_run(typed: Sequence[str]) -> None:
    mistakes = []
    if any(text.startswith("out=") for text in typed):
        mistakes.append("out=: this is the folder of one run; that of a sweep is hydra.sweep.dir=FOLDER")
    if any(text.startswith("pair=") for text in typed):
        mistakes.append("pair=: -m is for experiments; check each pair by itself")
    if mistakes:
        raise UserMistake(mistakes)


def _placed(
    sweep: Sweep, node: HydraNode, valid: Sequence[ValidJob], first: ValidJob, launcher: Launcher, asking: Asking
) -> Prepared:
    """The sweep with its folder, and its jobs with theirs; beside those that it has where it is continued."""
    started = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    beside = {"results_root": str(first.root), "name": first.name, "started": started}
    is_usual = not any(text.startswith("hydra.sweep.dir=") for text in node.typed)
    folder = given_path(str(node.resolved(beside, "sweep.dir", num=0)["sweep.dir"])).absolute()
    existing, before_keys = tuple[Job, ...](), tuple[str, ...]()
    if (folder / SWEEP).is_file() and not is_usual:
        before = read_sweep(folder)
        existing, before_keys = before.jobs, before.keys
        _refuse_another(folder, before, sweep)
    elif not is_usual and (mistakes := unusable("hydra.sweep.dir", folder, must_be_new=True)):
        raise UserMistake(mistakes)
    known = {job.digest for job in existing}
    distinct = {job.digest: job for job in valid if job.digest not in known}
    places = places_of(list(distinct.values()), node, beside, len(existing), asking.known.groups, folder)
    numbered = enumerate(zip(distinct.values(), places, strict=True), len(existing))
    jobs = [job.at(number, place) for number, (job, place) in numbered]
    _refuse_same_places([*existing, *jobs])
    keys = tuple(dict.fromkeys([*before_keys, *sweep.keys]))
    logging = node.resolved(beside, "job_logging", num=0, output_dir=str(folder / JOBS)) if node.says_logging else {}
    changes = {"jobs": (*existing, *jobs), "keys": keys, "job_logging": logging.get("job_logging", {})}
    placed = sweep.model_copy(update=changes)
    return Prepared(placed, folder, is_usual, launcher, tuple(code for job in valid for code in job.code), asking)


def _refuse_another(folder: Path, before: Sweep, sweep: Sweep) -> None:
    if before.verb != sweep.verb:
        raise UserMistake([f"hydra.sweep.dir={folder}: this is a sweep of {before.verb}, {claimed_by(folder)}"])


def _refuse_same_places(jobs: Sequence[Job]) -> None:
    by_place: dict[str, int] = {}
    for job in jobs:
        if job.place in by_place:
            raise UserMistake(
                [
                    f"hydra.sweep.subdir: jobs {by_place[job.place]} and {job.number} would both be in {job.place}; "
                    "name every swept key, or ${hydra.job.num}"
                ]
            )
        by_place[job.place] = job.number


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
