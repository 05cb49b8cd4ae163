"""A study: its own tables from the traces and predictions of its runs, and each of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from harness.data import Dataset
from harness.records import outcome
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.files import UnreadableError, read_object, read_table, read_verdicts
from harness.results.reading import read_run
from harness.results.recorded import EXPERIMENT, VERDICTS
from harness.results.store import FLIPS, Store
from harness.rungs.rung import Trainings
from harness.scenarios.study import STUDY, Study
from harness.scenarios.verify.check import Check, held, table_differences
from harness.scenarios.verify.run import SUMMARY, numbers_table, run_checks, summary_table
from harness.scenarios.verify.whole import Pages, marker_check, page_checks, state_checks
from harness.spec.expectations import Ordering
from harness.spec.experiment import Experiment

KEYS = ("variant", "seed", "arm", "arm_a", "arm_b", "index")
NO_DATA = "a study is verified without the data of its runs"


@dataclass(frozen=True)
class _Run:
    """A recorded run, as its study sees it."""

    experiment: Experiment
    store: Store
    traces: Mapping[str, Trace]
    verdicts: Sequence[Verdict]
    flips: pd.DataFrame | None
    unfinished: outcome.Unfinished | None = None

    @property
    def data(self) -> Dataset:
        raise UnreadableError(NO_DATA)

    def trainings(self) -> Trainings | None:
        return None


def study_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a study, then those of its runs."""
    checks = state_checks(folder, "study")
    record = list(held(STUDY, "its runs", lambda: _missing_runs(folder)))
    checks += record
    places = [str(place) for place in _record(folder).get("runs", ())] if record[0].answer == "follows" else []
    of_runs = [check.below(place) for place in places for check in run_checks(folder / place, pages)]
    if any(check.answer == "damaged" for check in of_runs) or not places:
        checks.append(Check(SUMMARY, "its runs", "unverified", "cannot be recomputed: files of its runs are damaged"))
    else:
        checks += _own_checks(folder, places)
    return [*checks, *of_runs, *page_checks(folder, pages, [*checks, *of_runs])]


def _record(folder: Path) -> dict[str, Any]:
    return read_object(folder / STUDY)


def _missing_runs(folder: Path) -> Iterator[str]:
    places = _record(folder).get("runs")
    if not isinstance(places, list) or not places:
        raise UnreadableError(f"{STUDY} names no runs")
    for place in places:
        if not (folder / str(place) / EXPERIMENT).is_file():
            yield f"names the run {place}, which is not there"


def _own_checks(folder: Path, places: Sequence[str]) -> Iterator[Check]:
    study = _study(folder, places)
    yield from held(SUMMARY, "the traces", lambda: _differences(folder, SUMMARY, summary_table(study.summary_rows())))
    tables = study.tables() if study.several_seeds else {}
    for name, table in tables.items():
        file, source = f"{name}.parquet", "the traces" if name == "convergence" else "the predictions"
        yield from held(file, source, partial(_differences, folder, file, table))
    verdicts = list(held(VERDICTS, "the traces", lambda: _verdict_differences(folder, study)))
    yield from verdicts
    if verdicts[0].answer != "damaged":
        recorded = read_verdicts(folder / VERDICTS)
        yield from marker_check(folder, study.exit_code(recorded), study.sentence(recorded))


def _study(folder: Path, places: Sequence[str]) -> Study:
    record = _record(folder)
    orderings = [Ordering.model_validate(ordering) for ordering in record.get("orderings") or ()]
    return Study(str(record.get("name")), [_run(folder / place) for place in places], orderings, folder)


def _run(folder: Path) -> _Run:
    run = read_run(folder)
    if run.experiment is None:
        raise UnreadableError(f"{folder / EXPERIMENT} cannot be read")
    flips = read_table(folder / FLIPS, ()) if (folder / FLIPS).exists() else None
    traces = {name: arm.trace for name, arm in run.arms.items()}
    return _Run(run.experiment, Store(folder), traces, read_verdicts(folder / VERDICTS), flips)


def _differences(folder: Path, file: str, expected: pd.DataFrame) -> Iterator[str]:
    keys = [key for key in KEYS if key in expected.columns]
    yield from table_differences(read_table(folder / file, ()), expected, keys)


def _verdict_differences(folder: Path, study: Study) -> Iterator[str]:
    """Studies of before have no orderings in `study.json`; verdicts on orderings are left out there."""
    recorded, expected = read_verdicts(folder / VERDICTS), study.verdicts()
    if "orderings" not in _record(folder):
        recorded = [verdict for verdict in recorded if verdict.rung != "study"]
    keys = ("rung", "subject", "arm_a", "arm_b")
    yield from table_differences(numbers_table(recorded), numbers_table(expected), keys)
