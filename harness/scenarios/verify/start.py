"""Verifies a folder of any kind, and says which of its files follow from its raw records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.mistakes import UserMistake
from harness.records.exit_codes import AGREES, DIVERGES, UNVERIFIED
from harness.results.baselines import BASELINE
from harness.results.recorded_folder import recorded_folder
from harness.results.scalings import is_scaling
from harness.scenarios.verify.bench import bench_checks, scaling_checks
from harness.scenarios.verify.check import Check
from harness.scenarios.verify.gate import baseline_checks, gate_checks
from harness.scenarios.verify.others import comparison_checks, pair_checks
from harness.scenarios.verify.run import run_checks
from harness.scenarios.verify.study import study_checks
from harness.scenarios.verify.sweep import sweep_checks
from harness.scenarios.verify.whole import Page
from harness.system.files import FileError

KINDS = {
    "run": run_checks,
    "study": study_checks,
    "pair": pair_checks,
    "comparison": comparison_checks,
    "bench": bench_checks,
    "gate": gate_checks,
    "sweep": sweep_checks,
}


class Presenter(Protocol):
    """Makes the pages of a folder, as text, and shows checks. `harness.report.verification` is one."""

    def kind_of(self, folder: Path) -> str: ...

    def pages_of(self, folder: Path) -> Mapping[str, str | Page]: ...

    def show(self, folder: Path, checks: Sequence[Check]) -> None: ...


def start(text: str, presenter: Presenter) -> int:
    """Verifies the folder that `text` names, and shows it. Returns the exit code; UserMistake where it is no folder."""
    try:
        folder = recorded_folder(text)
    except FileError as error:
        raise UserMistake([str(error)]) from None
    with np.errstate(all="ignore"):
        checks = checks_of(folder, presenter)
    presenter.show(folder, checks)
    return exit_code(checks)


def checks_of(folder: Path, presenter: Presenter) -> list[Check]:
    """The checks of a folder of any kind."""
    if (folder / BASELINE).is_file():
        return baseline_checks(folder, lambda run: _without_pages(run, presenter))
    if is_scaling(folder):
        return scaling_checks(folder, presenter.pages_of)
    return KINDS[presenter.kind_of(folder)](folder, presenter.pages_of)


def _without_pages(folder: Path, presenter: Presenter) -> list[Check]:
    """The checks of a folder of which only the records were copied."""
    if is_scaling(folder):
        return scaling_checks(folder, lambda _: {})
    return KINDS[presenter.kind_of(folder)](folder, lambda _: {})


def exit_code(checks: Sequence[Check]) -> int:
    """DIVERGES where something does not follow, else UNVERIFIED where something is damaged or cannot be recomputed."""
    answers = {check.answer for check in checks}
    if "differs" in answers:
        return DIVERGES
    return AGREES if answers == {"follows"} else UNVERIFIED
