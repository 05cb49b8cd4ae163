"""What shows `match` and `check`: the listeners of a run and of a study, and the functions that write their pages."""

from harness.report.markdown import write_report
from harness.report.study import StudyTerminal, write_study_report
from harness.report.terminal import Terminal
from harness.system.output import say_on_stderr

__all__ = ["notice", "run_listener", "study_listener", "write_report", "write_study_report"]

run_listener = Terminal
study_listener = StudyTerminal
notice = say_on_stderr  # of what is done before a run begins
