"""From what was asked for to a run, or to a study of several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from harness import run
from harness.composition import Composed, ComposedStudy
from harness.data import Dataset
from harness.preflight import refuse_too_large
from harness.report.study import StudyTerminal
from harness.report.terminal import Terminal
from harness.results.store import run_folder
from harness.study import Study

VERBS = {"match": run.match, "check": run.check}


def start(verb: str, asked: ComposedStudy, data: Sequence[Dataset]) -> int:
    """Runs `match` or `check`; the exit code."""
    # The reference overflows where a training does; what is then not finite is judged, and no news to the user.
    with np.errstate(all="ignore"):
        if verb == "check":
            asked = asked.at_first_seeds()
        refuse_too_large(asked)
        return _single(verb, asked.first, data[0]) if asked.is_single else _study(verb, asked, data)


def _single(verb: str, composed: Composed, data: Dataset) -> int:
    started = run.begin(composed.experiment, data, partial(_folder, composed), Terminal())
    VERBS[verb]([started], started.store.folder)
    return started.exit_code


def _study(verb: str, asked: ComposedStudy, data: Sequence[Dataset]) -> int:
    folder, show = _folder(asked.first, "study").absolute(), StudyTerminal()
    started = []
    for composed, own in zip(asked.variants, data, strict=True):
        of_variant = folder / (composed.experiment.variant or "")
        for seed in composed.seeds:
            experiment = composed.experiment.model_copy(update={"seed": seed})
            below = of_variant / f"seed{seed}" if len(composed.seeds) > 1 else of_variant
            started.append(run.begin(experiment, own, lambda _, below=below: below, show, composed.seeds))  # type: ignore[misc]
    VERBS[verb](started, folder)
    study = Study(asked.first.experiment.name, started, asked.orderings, folder)
    verdicts = study.verdicts()
    study.write(verdicts)
    show.study(study, verdicts)
    return study.exit_code(verdicts)


def _folder(composed: Composed, digest: str) -> Path:
    return composed.out or run_folder(composed.results_root, composed.experiment, digest)
