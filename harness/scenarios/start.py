"""Runs `match` and `check`: claims the folders, makes one run or a study of several, writes and shows the results."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition import Composed, ComposedStudy
from harness.composition.preflight import claimed, refuse_too_large, refuse_training_only
from harness.data import Dataset
from harness.records import outcome
from harness.records.verdict import Verdict
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.store import run_folder
from harness.scenarios import phases, run
from harness.scenarios.arrangement import Arrangements, arranged_study
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.scenarios.run import Run
from harness.scenarios.study import Study
from harness.system.stopping import heeding_signals, shielded, stopped_again
from harness.worker import OpenPool, Workers

PLAN, PAGE = "plan", "report"  # stages before and after the work of a run
VERBS = {"match": phases.match, "check": phases.check}


class StudyListener(run.RunListener, Protocol):
    """Receives the progress of a study; `harness.report.study` prints it."""

    def study(self, study: Study, verdicts: Sequence[Verdict], is_brief: bool = False) -> None: ...


class Presenter(Protocol):
    """Shows runs and studies and writes their pages; `harness.report.presented` has one."""

    def run_listener(self) -> run.RunListener: ...

    def study_listener(self) -> StudyListener: ...

    def write_report(self, folder: Path) -> None: ...

    def write_study_report(self, folder: Path) -> None: ...

    def write_page(self, folder: Path) -> None:
        """Writes the page that stands on its own, of a run or a study that is complete."""

    def notice(self, text: str) -> None: ...


def start(
    verb: str,
    composed: ComposedStudy,
    data: Sequence[Dataset],
    presenter: Presenter,
    open_pool: OpenPool = Workers,
) -> int:
    """Runs `match` or `check` and returns the exit code.

    `open_pool`: gives the workers that answer the rungs of a `check`.

    Raises UserMistake where the folder belongs to something else, or where `check` is asked for a rung that judges
    trainings only.
    """
    # The reference overflows where a training does. Such values are judged like others, so NumPy must not warn.
    with np.errstate(all="ignore"), heeding_signals():
        if verb == "check":
            refuse_training_only(composed)
            composed = composed.at_first_seeds()
        refuse_too_large(composed)
        composed, arrangements = arranged_study(composed, presenter.notice)
        return (
            _single(verb, composed.first, data[0], arrangements[0], presenter, open_pool)
            if composed.is_single
            else _study(verb, composed, data, arrangements, presenter, open_pool)
        )


def _single(
    verb: str,
    composed: Composed,
    data: Dataset,
    arrangements: Arrangements,
    presenter: Presenter,
    open_pool: OpenPool,
) -> int:
    with closing(presenter.run_listener()) as listener:
        return _run_alone(verb, composed, data, arrangements, presenter, listener, open_pool)


def _run_alone(
    verb: str,
    composed: Composed,
    data: Dataset,
    arrangements: Arrangements,
    presenter: Presenter,
    listener: run.RunListener,
    open_pool: OpenPool,
) -> int:
    listener.stage(PLAN)
    plan = run.plan_of(composed.experiment, data)
    folder = claimed(verb, composed.out, run_folder(composed.results_root, composed.experiment, plan.digest))
    active = run.begin(composed.experiment, data, plan, folder, listener, arrangements=arrangements)
    VERBS[verb]([active], active.store.folder, open_pool)
    conclude(active, presenter)
    return active.exit_code


def conclude(active: Run, presenter: Presenter) -> None:
    """Writes the pages of a run that has ended, and shows it."""
    active.listener.stage(PAGE)
    _write_report(active, presenter)
    if active.unfinished is None:
        with shielded():
            presenter.write_page(active.store.folder)
    if _can_be_shown(active.unfinished):
        active.listener.end(active, is_brief=stopped_again())


def _study(
    verb: str,
    composed_study: ComposedStudy,
    datasets: Sequence[Dataset],
    arrangements: Sequence[Arrangements],
    presenter: Presenter,
    open_pool: OpenPool,
) -> int:
    with closing(presenter.study_listener()) as listener:
        return _run_study(verb, composed_study, datasets, arrangements, presenter, listener, open_pool)


def _run_study(
    verb: str,
    composed_study: ComposedStudy,
    datasets: Sequence[Dataset],
    arrangements: Sequence[Arrangements],
    presenter: Presenter,
    listener: StudyListener,
    open_pool: OpenPool,
) -> int:
    first = composed_study.first
    listener.stage(PLAN)
    folder = claimed(verb, first.out, run_folder(first.results_root, first.experiment, "study")).absolute()
    runs_by_place: dict[str, Run] = {}
    for variant, dataset, choices in zip(composed_study.variants, datasets, arrangements, strict=True):
        for seed in variant.seeds:
            experiment = variant.experiment.model_copy(update={"seed": seed})
            place = "/".join(filter(None, [variant.experiment.variant, f"seed{seed}" * (len(variant.seeds) > 1)]))
            claim(folder / place, verb)
            plan = run.plan_of(experiment, dataset)
            active = run.begin(experiment, dataset, plan, folder / place, listener, variant.seeds, choices)
            runs_by_place[place] = active
    runs = list(runs_by_place.values())
    VERBS[verb](runs, folder, open_pool)
    listener.stage(PAGE)
    for seed_run in runs:
        _write_report(seed_run, presenter)
        if _can_be_shown(seed_run.unfinished):
            listener.end(seed_run)
    study = Study(first.experiment.name, runs, composed_study.orderings, folder)
    verdicts = study.verdicts()
    try:
        study.write(verdicts)
        if not study.unfinished:
            marker = Marker.of("study", study.exit_code(verdicts), study.sentence(verdicts))
            complete(folder, marker, {place: seed_run.store.folder for place, seed_run in runs_by_place.items()})
    except OSError as error:
        unfinished = unfinished_by(error, folder)
        for seed_run in runs:
            seed_run.unfinished = unfinished
        report_unfinished(unfinished, error, folder)
    with shielded(), _ignoring_write_errors(study.unfinished):
        presenter.write_study_report(folder)
        presenter.write_page(folder)
    if _can_be_shown(study.unfinished):
        listener.study(study, verdicts, is_brief=stopped_again())
    return study.exit_code(verdicts)


def _can_be_shown(unfinished: outcome.Unfinished | None) -> bool:
    return unfinished is None or unfinished.can_be_shown


def _write_report(finished: Run, presenter: Presenter) -> None:
    with shielded(), _ignoring_write_errors(finished.unfinished):
        presenter.write_report(finished.store.folder)


def _ignoring_write_errors(unfinished: outcome.Unfinished | None) -> AbstractContextManager[None]:
    """Ignores write errors for an unfinished run, whose reason has already been reported."""
    return nullcontext() if unfinished is None else suppress(OSError)
