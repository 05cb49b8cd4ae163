"""From what was asked for to a run, or to a study of several: folders claimed, rungs climbed, pages written, told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition import Composed, ComposedStudy, UserMistake
from harness.composition.preflight import claimed, refuse_too_large
from harness.data import Dataset
from harness.records import outcome
from harness.records.verdict import Verdict
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.store import run_folder
from harness.rungs import registry
from harness.scenarios import run
from harness.scenarios.ending import tell, unfinished_by
from harness.scenarios.run import Run
from harness.scenarios.study import Study
from harness.system.stopping import heeding_signals, shielded, stopped_again

VERBS = {"match": run.match, "check": run.check}


class StudyListener(run.Show, Protocol):
    """Who is told what happens in a study."""

    def study(self, study: Study, verdicts: Sequence[Verdict], is_brief: bool = False) -> None: ...


class Presented(Protocol):
    """How runs and studies are shown and written for people; `harness.report.presented` is one."""

    def run_listener(self) -> run.Show: ...

    def study_listener(self) -> StudyListener: ...

    def write_report(self, folder: Path) -> None: ...

    def write_study_report(self, folder: Path) -> None: ...


def start(verb: str, asked: ComposedStudy, data: Sequence[Dataset], presented: Presented) -> int:
    """Runs `match` or `check`; the exit code.

    UserMistake where the folder is somebody else's, or where `check` is to climb a rung that judges trainings alone.
    """
    # The reference overflows where a training does; what is then not finite is judged, and no news to the user.
    with np.errstate(all="ignore"), heeding_signals():
        if verb == "check":
            _refuse_without_training(asked)
            asked = asked.at_first_seeds()
        refuse_too_large(asked)
        return (
            _single(verb, asked.first, data[0], presented) if asked.is_single else _study(verb, asked, data, presented)
        )


def _refuse_without_training(asked: ComposedStudy) -> None:
    chosen = dict.fromkeys(name for composed in asked.variants for name in composed.experiment.rungs)
    wrong = [
        f"rungs: {name} judges what trainings recorded, and check makes none; choose it for twinrun match"
        for name in registry.training_only(list(chosen))
    ]
    if wrong:
        raise UserMistake(wrong)


def _single(verb: str, composed: Composed, data: Dataset, presented: Presented) -> int:
    plan = run.plan_of(composed.experiment, data)
    folder = claimed(verb, composed.out, run_folder(composed.results_root, composed.experiment, plan.digest))
    show = presented.run_listener()
    started = run.begin(composed.experiment, data, plan, folder, show)
    VERBS[verb]([started], started.store.folder)
    _write_page(started, presented)
    if _can_be_shown(started.unfinished):
        show.end(started, is_brief=stopped_again())
    return started.exit_code


def _study(verb: str, asked: ComposedStudy, data: Sequence[Dataset], presented: Presented) -> int:
    first, show = asked.first, presented.study_listener()
    folder = claimed(verb, first.out, run_folder(first.results_root, first.experiment, "study")).absolute()
    started: dict[str, Run] = {}
    for composed, own in zip(asked.variants, data, strict=True):
        for seed in composed.seeds:
            experiment = composed.experiment.model_copy(update={"seed": seed})
            place = "/".join(filter(None, [composed.experiment.variant, f"seed{seed}" * (len(composed.seeds) > 1)]))
            claim(folder / place, verb)
            plan = run.plan_of(experiment, own)
            started[place] = run.begin(experiment, own, plan, folder / place, show, composed.seeds)
    runs = list(started.values())
    VERBS[verb](runs, folder)
    for each in runs:
        _write_page(each, presented)
        if _can_be_shown(each.unfinished):
            show.end(each)
    study = Study(first.experiment.name, runs, asked.orderings, folder)
    verdicts = study.verdicts()
    try:
        study.write(verdicts)
        if not study.unfinished:
            marker = Marker.of("study", study.exit_code(verdicts), study.sentence(verdicts))
            complete(folder, marker, {place: each.store.folder for place, each in started.items()})
    except OSError as error:
        unfinished = unfinished_by(error, folder)
        for each in runs:
            each.unfinished = unfinished
        tell(unfinished, error, folder)
    with shielded(), _lenient(study.unfinished):
        presented.write_study_report(folder)
    if _can_be_shown(study.unfinished):
        show.study(study, verdicts, is_brief=stopped_again())
    return study.exit_code(verdicts)


def _can_be_shown(unfinished: outcome.Unfinished | None) -> bool:
    return unfinished is None or unfinished.can_be_shown


def _write_page(each: Run, presented: Presented) -> None:
    with shielded(), _lenient(each.unfinished):
        presented.write_report(each.store.folder)


def _lenient(unfinished: outcome.Unfinished | None) -> AbstractContextManager[None]:
    """Of an unfinished run as much is written as the disk takes: why it is unfinished has been told."""
    return nullcontext() if unfinished is None else suppress(OSError)
