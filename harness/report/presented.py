"""What shows `match` and `check`: the listeners of a run and of a study, and the functions that write their pages."""

import sys

from harness.report.markdown import write_report
from harness.report.study import StudyTerminal, write_study_report
from harness.report.terminal import Terminal
from harness.system.text import printable

__all__ = ["notice", "run_listener", "study_listener", "write_report", "write_study_report"]

run_listener = Terminal
study_listener = StudyTerminal


def notice(text: str) -> None:
    """Prints a line about what is done before a run begins."""
    print(f"twinrun: {printable(text)}", file=sys.stderr, flush=True)
