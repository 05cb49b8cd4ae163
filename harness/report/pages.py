"""`report.md` of any folder that twinrun leaves, from the folder alone."""

from __future__ import annotations

from pathlib import Path

from harness.report import markdown, pair
from harness.report.pair_record import PairRecord
from harness.report.run_record import RunRecord
from harness.subjects.pair.records import is_pair


def page_of(folder: Path) -> str:
    """The page of a recorded run or a checked pair."""
    if is_pair(folder):
        return pair.report(PairRecord.of(folder))
    return markdown.report(RunRecord.of(folder))
