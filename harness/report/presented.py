"""What shows `match`, `check` and `bench`: their listeners, and the functions that write their pages."""

from harness.report.bench import BenchTerminal, write_bench_report
from harness.report.markdown import write_report
from harness.report.pages import page_of
from harness.report.pair import PairTerminal
from harness.report.study import StudyTerminal, write_study_report
from harness.report.sweep import show_sweep, write_sweep_report
from harness.report.terminal import Terminal
from harness.system.output import say_on_stderr

__all__ = [
    "bench_listener",
    "notice",
    "page_of",
    "pair_listener",
    "run_listener",
    "show_sweep",
    "study_listener",
    "write_bench_report",
    "write_report",
    "write_study_report",
    "write_sweep_report",
]

bench_listener = BenchTerminal
pair_listener = PairTerminal
run_listener = Terminal
study_listener = StudyTerminal
notice = say_on_stderr  # of what is done before a run begins
