"""Validates a command line with `-m`: all jobs, the launcher, the folders. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake
from harness.composition.preflight import Known, unusable
from harness.composition.sweep.grid import Combination, swept
from harness.composition.sweep.hydra_options import BASIC_LAUNCHER, BASIC_SWEEPER, HydraNode, hydra_node, split
from harness.composition.sweep.jobs import Asking, ValidJob, validated
from harness.composition.sweep.places import places_of
from harness.composition.sweep.spaces import space_of
from harness.records.sweep import Job, Sweep
from harness.results.claim import claimed_by
from harness.results.sweep_folder import JOBS, SWEEP, read_sweep
from harness.scenarios.sweep.launchers.protocol import Launcher, launcher_of
from harness.scenarios.sweep.request import Request
from harness.scenarios.sweep.sweeper import mistakes_of
from harness.system.files import given_path

OF_ONE_RUN = ("out=", "pair=")
SEARCHES = "harness.scenarios.sweep.sweeper.OptunaSweeper"


class ValidationListener(Protocol):
    """Is told how far the validation is."""

    def validating(self, done: int, total: int) -> None: ...


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


def prepare_sweep(request: Request, listener: ValidationListener) -> Prepared:
    """Validates the whole grid. Raises UserMistake with the mistakes of all jobs; nothing has been written then."""
    groups = ConfigGroups.beside(request.config_dirs, request.config_name)
    of_hydra, of_experiment = split(request.typed)
    mistakes = _of_one_run(of_experiment)
    node, found = _node_of(request, groups, of_hydra, of_experiment, mistakes)
    params = [f"{key}={value}" for key, value in (found["sweeper"].get("params") or {}).items()]
    typed = [*params, *(text for text in of_experiment if not text.startswith(OF_ONE_RUN))]
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
            keys, combinations = space.keys, space.corners()
            mistakes += mistakes_of(found["sweeper"], space)
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
    if mistakes or launcher is None or node is None:
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


def _of_one_run(typed: Sequence[str]) -> list[str]:
    """The mistakes of what is of one run only."""
    mistakes = []
    if any(text.startswith("out=") for text in typed):
        mistakes.append("out=: this is the folder of one run; that of a sweep is hydra.sweep.dir=FOLDER")
    if any(text.startswith("pair=") for text in typed):
        mistakes.append("pair=: -m is for experiments; check each pair by itself")
    return mistakes


def _node_of(
    request: Request, groups: ConfigGroups, of_hydra: Sequence[str], of_experiment: Sequence[str], mistakes: list[str]
) -> tuple[HydraNode | None, dict[str, Any]]:
    """Hydra's node and what it has for a sweep; where it is wrong, the defaults, so that the jobs are validated too."""
    try:
        node = hydra_node(of_hydra, of_experiment, groups, request.trust, is_multirun=True)
        return node, node.resolved({})
    except UserMistake as mistake:
        mistakes += mistake.mistakes
    sweeper = SEARCHES if any("interval(" in text for text in of_experiment) else BASIC_SWEEPER
    targets = {"launcher": {"_target_": BASIC_LAUNCHER}, "sweeper": {"_target_": sweeper}}
    return None, {**targets, "callbacks": {}, "job.env_set": {}}


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
