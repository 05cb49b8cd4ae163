"""What shows `match`, `check` and `bench`: their listeners, and the functions that write their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.records.sweep import Attempt, Sweep
from harness.report.bench import BenchTerminal, write_bench_report
from harness.report.detail import SCREEN, Detail
from harness.report.html.writing import write_html_at_end
from harness.report.markdown import write_report
from harness.report.pages import page_of
from harness.report.pair import PairTerminal
from harness.report.scaling import show_scaling, write_scaling_report
from harness.report.study import StudyTerminal, write_study_report
from harness.report.sweep import write_sweep_report
from harness.report.sweep_terminal import SweepTerminal
from harness.report.terminal import Terminal
from harness.system.output import say_on_stderr

__all__ = [
    "InDetail",
    "bench_listener",
    "notice",
    "page_of",
    "pair_listener",
    "run_listener",
    "show_scaling",
    "study_listener",
    "write_bench_report",
    "write_page",
    "write_report",
    "write_scaling_report",
    "write_study_report",
    "write_sweep_report",
]

bench_listener = BenchTerminal
pair_listener = partial(PairTerminal, SCREEN)
run_listener = partial(Terminal, SCREEN)
study_listener = partial(StudyTerminal, SCREEN)
notice = say_on_stderr  # of what is done before a run begins


def write_page(folder: Path) -> None:
    """Writes `report.html`, where the run is complete."""
    write_html_at_end(folder)


Rows = Sequence[Attempt | None]


@dataclass(frozen=True)
class InDetail:
    """Shows runs, studies and pairs in another detail than that of a screenful."""

    detail: Detail

    def run_listener(self) -> Terminal:
        return Terminal(self.detail)

    def study_listener(self) -> StudyTerminal:
        return StudyTerminal(self.detail)

    def pair_listener(self) -> PairTerminal:
        return PairTerminal(self.detail)

    def sweep_listener(self) -> SweepTerminal:
        return SweepTerminal(self.detail)

    def show_status(self, folder: Path, sweep: Sweep, statuses: Sequence[str], rows: Rows) -> None:
        self.sweep_listener().status(folder, sweep, statuses, rows)

    def show_sweep(self, folder: Path, sweep: Sweep, rows: Rows, code: int, sentence: str) -> None:
        self.sweep_listener().end(folder, sweep, rows, code, sentence)

    def write_report(self, folder: Path) -> None:
        write_report(folder)

    def write_study_report(self, folder: Path) -> None:
        write_study_report(folder)

    def write_sweep_report(self, folder: Path) -> None:
        write_sweep_report(folder)

    def write_page(self, folder: Path) -> None:
        write_page(folder)

    def notice(self, text: str) -> None:
        notice(text)
