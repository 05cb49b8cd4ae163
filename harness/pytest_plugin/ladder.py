"""Climbs the ladder for a test, by the code of `twinrun check`, and reads what it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli.verbs import check
from harness.composition import UserMistake
from harness.composition.mistakes import no_such, shown
from harness.pytest_plugin import MARKER
from harness.pytest_plugin.question import Question, question_of, run_verb
from harness.records.exit_codes import AGREES, EXIT_CODES, UNVERIFIED
from harness.records.verdict import Verdict
from harness.report.folder_record import FolderRecord
from harness.report.pages import kind_of
from harness.report.pair_record import PairRecord
from harness.report.run_record import RunRecord
from harness.report.study_record import StudyRecord

UNVERIFIED_IS = ("fail", "skip")  # of the keyword `unverified`
KEYWORDS = ("experiment", "pair", "arms", "rungs", "overrides", "config_dir", "out", "trust", "unverified")


@dataclass(frozen=True)
class Parity:
    """What a climbed ladder came to. `sentence` is the command's; `folder` holds the records and `report.md`."""

    exit_code: int
    sentence: str
    folder: Path
    verdicts: tuple[Verdict, ...]
    skips_unverified: bool = False

    @property
    def passed(self) -> bool:
        """Whether everything that was checked agrees."""
        return self.exit_code == AGREES

    @property
    def is_skipped(self) -> bool:
        """Whether something could not be verified, and the test is skipped for that."""
        return self.exit_code == UNVERIFIED and self.skips_unverified

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / "report.md"

    @property
    def in_words(self) -> str:
        """The sentence, and where the report lies."""
        return f"{self.sentence}\nreport: {self.report if self.report.exists() else self.folder}"


def asked(item: pytest.Item) -> tuple[Question, bool]:
    """What the nearest marker of a test asks, and whether the test is skipped where that could not be verified.

    Raises UserMistake with all mistakes in the marker.
    """
    mark = item.get_closest_marker(MARKER)
    if mark is None:
        raise UserMistake(["mark the test, as in @pytest.mark.parity(experiment='mnist_mlp')"])
    mistakes = []
    if sum(own.name == MARKER for own in item.own_markers) > 1:
        mistakes.append("a test has one marker; for several use pytest.param(..., marks=pytest.mark.parity(...))")
    if mark.args:
        mistakes.append(f"it takes keywords only; given {', '.join(map(shown, mark.args))}")
    unverified = mark.kwargs.get("unverified", "fail")
    if unverified not in UNVERIFIED_IS:
        mistakes.append(no_such(f"unverified: given {shown(unverified)}", unverified, UNVERIFIED_IS))
    try:
        question = question_of(mark.kwargs, KEYWORDS, item.path.parent)
    except UserMistake as mistake:
        raise UserMistake([*mistakes, *mistake.mistakes]) from None
    if mistakes:
        raise UserMistake(mistakes)
    return question, unverified == "skip"


def climb(question: Question, folder: Path, skips_unverified: bool = False) -> Parity:
    """Runs `twinrun check` into `folder`. Raises UserMistake where the question has a mistake."""
    code = run_verb(check.VERB, question, folder)
    if not folder.is_dir():
        return Parity(code, f"twinrun ended with exit code {code}: {EXIT_CODES[code]}", folder, ())
    record = _record_of(folder)
    return Parity(code, record.sentence, folder, tuple(_verdicts(record)), skips_unverified)


def _record_of(folder: Path) -> FolderRecord:
    kinds: dict[str, type[PairRecord] | type[StudyRecord]] = {"pair": PairRecord, "study": StudyRecord}
    return kinds.get(kind_of(folder), RunRecord).of(folder)


def _verdicts(record: FolderRecord) -> list[Verdict]:
    """All verdicts; those of a study's runs before its own."""
    runs = record.runs if isinstance(record, StudyRecord) else []
    return [*(verdict for run in runs for verdict in run.verdicts), *record.verdicts]
