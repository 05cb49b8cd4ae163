"""What a run prints: its inputs, its progress, its tables, its outcome and its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.data import Dataset
from harness.plan import Plan
from harness.records.cost import CostPlan
from harness.records.failure import Failure
from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.as_json import document
from harness.report.detail import ALL, SCREEN, Detail
from harness.report.listening import ProgressListener
from harness.report.rows import DISPENSABLE, ladder_table, rung_table, schedule_table, screen_table, summary_table
from harness.report.rung_lines import disagreements
from harness.report.tables import draw_labelled, line
from harness.scenarios.run import Run
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.progress import Work

# The columns that may wrap.
PROSE = ("how", "cause", "runs as", "what", "found", "gradient norms at the first step, by layer", "after clipping")
MOST_ROWS = 100


class Terminal(ProgressListener):
    """Prints a run. What takes long has a bar on a terminal and a line now and then elsewhere, an epoch a line too."""

    def __init__(self, detail: Detail = ALL, is_part: bool = False) -> None:
        """`is_part`: of a bench, which has told what runs."""
        super().__init__(detail)
        self._is_part = is_part
        self._trained_so_far: dict[str, tuple[int, float]] = {}  # by arm, the steps and their seconds

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None:
        if self._is_part and self.detail == SCREEN:
            return
        model = experiment.model
        arms = ", ".join(f"{arm.name} ({arm.mode}, {arm.precision_in_words})" for arm in experiment.arms)
        self._say(line((experiment.name, "bold"), f": {arms}"))
        words = (experiment.loss, experiment.optimizer, experiment.schedule)
        epochs = len(plan.orders)
        rows = [
            ("model", f"{model.parameter_count:,} parameters, {model.multiply_adds:,} multiply-adds a sample"),
            ("words", ", ".join(word.name_in_tables for word in words)),
            ("data", f"{data.source}: {len(data.x_train):,} to train, {len(data.x_test):,} to test"),
            (
                "plan",
                f"{plan.digest[:16]}, seed {experiment.seed}: {epochs} epoch{'s' * (epochs != 1)}, "
                f"{plan.steps:,} steps of {plan.batch_size}",
            ),
        ]
        draw_labelled(self.console, rows)
        self.progress.said()

    def planned(self, cost: CostPlan) -> None:
        if cost.is_reduced:
            self._say(f"  cost  {cost.in_words}", soft_wrap=True)

    def arm_failed(self, arm: str, failure: Failure) -> None:
        self.progress.forget(arm)
        self._say(line("  ", (arm, "bold red"), f": {failure}"), soft_wrap=True)

    def training(self, arm: Arm, epochs: int, steps: int) -> None:
        self._trained_so_far[arm.name] = 0, 0.0
        self.progress.stage("training")
        self.progress.work(Work(arm.name, "training", 0, steps))

    def epoch(self, trace: Trace) -> None:
        line_of_epoch = self._trained(trace)
        if not self.console.is_terminal:
            self._say(line_of_epoch, soft_wrap=True)

    def _trained(self, trace: Trace) -> str:
        """Moves the training's bar, and returns the line about its last epoch."""
        last, name = trace.epochs[-1], trace.arm.name
        before, before_s = self._trained_so_far.get(name, (0, 0.0))
        steps_done, spent_s = before + len(last.losses), before_s + last.epoch_time_s
        self._trained_so_far[name] = steps_done, spent_s
        steps = len(trace.learning_rates)
        score = (
            f"test loss {last.test_loss:.6f}"
            if last.test_accuracy is None
            else f"test accuracy {last.test_accuracy:.2%}"
        )
        text = f"loss {last.losses[-1]:.4f}, {score}"
        self.progress.work(Work(name, "training", steps_done, steps, note=text))
        left_s = spent_s / steps_done * (steps - steps_done)
        return f"  {name}: epoch {last.epoch + 1}, step {steps_done}/{steps}, {text}, {left_s:.0f} s left"

    def end(self, run: Run, is_brief: bool = False) -> None:
        """Prints the tables, unless `is_brief`, then the outcome, what was judged, and the folder."""
        self.close()
        traces = list(run.traces.values())
        if not is_brief:
            self._tables(run.verdicts, traces)
        if self.detail == SCREEN:
            for text in disagreements(run.verdicts, first_divergence(run.verdicts)):
                self._say(text, soft_wrap=True)
        coverage = run.coverage.in_words
        self.conclude(document(run.exit_code, run.sentence, run.store.folder, run.verdicts, traces, coverage))

    def _tables(self, verdicts: Sequence[Verdict], traces: Sequence[Trace]) -> None:
        self.console.print()
        has_trained = any(trace.epochs for trace in traces)
        if self.detail == SCREEN:
            if has_trained:
                self.table("Accuracy and time", screen_table(traces), PROSE, DISPENSABLE)
            return
        # On a terminal a long list is of little use: checks that agree are counted instead. report.md lists all.
        is_long = len(verdicts) > MOST_ROWS
        shown = [verdict for verdict in verdicts if verdict.status != "agrees"] if is_long else verdicts
        for title, table in (
            ("Learning-rate schedules against the float64 reference", schedule_table(shown)),
            ("Parity", ladder_table(shown)),
            ("By rung", rung_table(verdicts) if is_long else ([], [])),
            ("Accuracy and time", summary_table(traces) if has_trained else ([], [])),
        ):
            self.table(title, table, PROSE)
