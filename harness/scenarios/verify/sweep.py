"""A sweep: its outcome from its rows, and each row from the folder of its run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.records.sweep import Attempt
from harness.results.files import read_object
from harness.results.kinds import SWEEP
from harness.results.marker import MARKER
from harness.results.sweep_folder import all_attempts, last_rows, read_sweep
from harness.scenarios.sweep.driver import outcome_of
from harness.scenarios.sweep.numbers import numbers_of
from harness.scenarios.verify.check import Check, field_differences, held, unreadable
from harness.scenarios.verify.whole import Pages, marker_check, page_checks, state_checks

ROWS = "jobs"


def sweep_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a sweep. Its runs have checks of their own, by `twinrun verify` with their folders."""
    checks = state_checks(folder, "sweep")
    if broken := unreadable(SWEEP, lambda: read_sweep(folder)):
        return [*checks, *broken, *page_checks(folder, pages, [*checks, *broken])]
    sweep = read_sweep(folder)
    checks += held(ROWS, "the runs", lambda: _row_differences(folder))
    checks += marker_check(folder, *outcome_of(sweep, last_rows(folder, sweep.jobs)))
    return [*checks, *page_checks(folder, pages, checks)]


def _row_differences(folder: Path) -> Iterator[str]:
    for attempts in all_attempts(folder).values():
        for row in attempts:
            if (folder / row.folder / MARKER).is_file():
                yield from (f"job {row.job}, attempt {row.number}: {text}" for text in _differences(folder, row))


def _differences(folder: Path, row: Attempt) -> Iterator[str]:
    marker = read_object(folder / row.folder / MARKER)
    share, arms = numbers_of(folder / row.folder)
    follows = {"exit_code": marker.get("exit_code"), "sentence": marker.get("sentence"), "share": share}
    follows["arms"] = {name: numbers.model_dump() for name, numbers in arms.items()}
    yield from field_differences(row.model_dump(), follows)
