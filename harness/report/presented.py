"""What shows the verbs that make a folder: their listeners, in the detail that was chosen, and their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.records.sweep import Attempt, Sweep
from harness.report.bench import write_bench_report
from harness.report.comparison import write_comparison_report
from harness.report.detail import SCREEN, Detail
from harness.report.gate import write_gate_outputs
from harness.report.html.writing import write_html_at_end
from harness.report.markdown import write_report
from harness.report.pages import page_of
from harness.report.pair import PairTerminal
from harness.report.scaling import write_scaling_report
from harness.report.screen.bench import BenchTerminal
from harness.report.screen.comparison import ComparisonTerminal
from harness.report.screen.gate import GateTerminal
from harness.report.screen.scaling import ScalingTerminal
from harness.report.screen.study import StudyTerminal
from harness.report.screen.sweep import SweepTerminal
from harness.report.study import write_study_report
from harness.report.sweep import write_sweep_report
from harness.report.terminal import Terminal
from harness.system.output import say_on_stderr

notice = say_on_stderr  # of what is done before a run begins
Rows = Sequence[Attempt | None]


@dataclass(frozen=True)
class InDetail:
    """Shows runs, studies, pairs, benches, scalings, comparisons and gates, and writes their pages."""

    detail: Detail = SCREEN

    def run_listener(self, is_part: bool = False) -> Terminal:
        return Terminal(self.detail, is_part)

    def study_listener(self) -> StudyTerminal:
        return StudyTerminal(self.detail)

    def pair_listener(self) -> PairTerminal:
        return PairTerminal(self.detail)

    def bench_listener(self, part: str = "") -> BenchTerminal:
        return BenchTerminal(self.detail, part)

    def show_scaling(self, folder: Path, exit_code: int, sentence: str) -> None:
        ScalingTerminal(self.detail).show(folder, exit_code, sentence)

    def show_comparison(self, folder: Path) -> None:
        ComparisonTerminal(self.detail).show(folder)

    def show_gate(self, folder: Path) -> None:
        GateTerminal(self.detail).show(folder)

    def page_of(self, folder: Path) -> str:
        return page_of(folder)

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

    def write_bench_report(self, folder: Path) -> None:
        write_bench_report(folder)

    def write_scaling_report(self, folder: Path) -> None:
        write_scaling_report(folder)

    def write_comparison_report(self, folder: Path) -> None:
        write_comparison_report(folder)

    def write_gate_outputs(self, folder: Path) -> None:
        write_gate_outputs(folder)

    def write_sweep_report(self, folder: Path) -> None:
        write_sweep_report(folder)

    def write_page(self, folder: Path) -> None:
        """Writes `report.html`, where the run is complete."""
        write_html_at_end(folder)

    def notice(self, text: str) -> None:
        notice(text)
