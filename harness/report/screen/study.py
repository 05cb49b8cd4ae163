"""What a study prints: its variants as they begin, and at its end a row for each variant and arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from harness.data import Dataset
from harness.plan import Plan
from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.as_json import Outcome, document
from harness.report.detail import ALL, ONLY_THE_END, SCREEN, Detail
from harness.report.rows import Table, by_rung, number
from harness.report.run_record import RunRecord
from harness.report.rung_lines import GOOD, disagreements, first_few, within
from harness.report.study import judgements, sentences_over_seeds, study_tables, variant_and_seed
from harness.report.study_record import StudyRecord
from harness.report.tables import draw_labelled, line
from harness.report.terminal import PROSE, Terminal
from harness.scenarios.run import Run
from harness.scenarios.study import Study
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment

DISPENSABLE = ("training", "step", "test loss", "seeds")


class StudyTerminal(Terminal):
    """Prints a study. The tables of a variant are in its own report.md.

    In detail a variant has a few lines; a screenful has its name as it begins, and all of it in the tables at the end.
    """

    def __init__(self, detail: Detail = ALL) -> None:
        super().__init__(detail)
        self._ended: list[Outcome] = []
        self._runs: Counter[str] = Counter()  # by variant
        self._trainings: Counter[str] = Counter()  # by arm

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None:
        if self.detail == SCREEN:
            self._begin(experiment, data)
            return
        model = f"{experiment.model.parameter_count:,} parameters"
        self._say(
            line((f"{experiment.name}: {variant_and_seed(experiment)}", "bold"), f" ({model}, plan {plan.digest[:16]})")
        )

    def _begin(self, experiment: Experiment, data: Dataset) -> None:
        """What runs, before the first run; then a line for each variant."""
        if not self._runs:
            arms = ", ".join(f"{arm.name} ({arm.mode}, {arm.precision_in_words})" for arm in experiment.arms)
            self._say(line((experiment.name, "bold"), f": {arms}"))
            samples = f"{data.source}: {len(data.x_train):,} to train, {len(data.x_test):,} to test"
            draw_labelled(self.console, [("data ", samples)])
            self.progress.said()
        variant = experiment.variant or ""
        self._runs[variant] += 1
        if variant and self._runs[variant] == 1:
            self._say(f"  variant {variant}: {experiment.model.parameter_count:,} parameters")

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None:
        """A line where something disagrees. A screenful has a line for each rung of all runs, at its end."""
        if self.detail != SCREEN and any(verdict.status not in GOOD for verdict in verdicts):
            super().rung(name, verdicts)

    def training(self, arm: Arm, epochs: int, steps: int) -> None:
        super().training(arm, epochs, steps)
        self._trainings[arm.name] += 1
        if self._runs:
            self.progress.stage(f"training {self._trainings[arm.name]} of {self._runs.total()}")

    def epoch(self, trace: Trace) -> None:
        """Moves the bar. In detail a training of a study has one line, at its end."""
        line_of_epoch = self._trained(trace)
        if self.detail != SCREEN and len(trace.losses) == len(trace.learning_rates):
            self._say(line_of_epoch)

    def end(self, run: Run, is_brief: bool = False) -> None:
        if self.detail != SCREEN:
            self._say(f"  {variant_and_seed(run.experiment)}: {run.sentence}")
        traces, coverage = list(run.traces.values()), run.coverage.in_words
        ended = document(run.exit_code, run.sentence, run.store.folder, run.verdicts, traces, coverage)
        self._ended.append({**ended, "variant": run.experiment.variant, "seed": run.experiment.seed})

    def study(self, study: Study, verdicts: Sequence[Verdict], is_brief: bool = False) -> None:
        """Prints the tables over all variants, unless `is_brief`, then the outcome of the study and its folder."""
        self.close()
        if self.detail not in ONLY_THE_END:
            self.recorded(StudyRecord.of(study.folder), is_brief)
        ended = document(study.exit_code(verdicts), study.sentence(verdicts), study.folder, verdicts)
        self.conclude({**ended, "runs": self._ended})

    def recorded(self, study: StudyRecord, is_brief: bool = False) -> None:
        """Prints what the folder of a study holds, without its outcome."""
        if self.detail != SCREEN:
            self.console.print()
            for title, table in {} if is_brief else study_tables(study).items():
                self.table(title, table, PROSE)
            for sentence in sentences_over_seeds(study):
                self._say(sentence, soft_wrap=True)
            return
        placed = [
            verdict for run in study.runs for verdict in within(_place(study, run), run.verdicts)
        ] + study.verdicts
        for name, of_rung in by_rung(placed).items():
            super().rung(name, of_rung)
        self.console.print()
        if not is_brief:
            self.table("Accuracy and time", screen_table(study), dispensable=DISPENSABLE)
        for text in first_few(sentences_over_seeds(study)):
            self._say(text)
        for text in disagreements([v for v in placed if v not in study.over_seeds], first_divergence(placed)):
            self._say(text)


def _place(study: StudyRecord, run: RunRecord) -> str:
    """The name of a run within its study; without its seed where each variant has one."""
    variant = study.variant_of(run)
    return (
        variant if run.experiment is None or (variant and not study.several_seeds) else variant_and_seed(run.experiment)
    )


def screen_table(study: StudyRecord) -> Table:
    """A row for each variant and arm: over its seeds the means, and the gravest of the judgements."""
    head = ["variant", "seeds", "arm", "status", "accuracy", "test loss", "step", "training", "parity", "expected"]
    runs_by_row: dict[tuple[str, str], list[tuple[RunRecord, Trace]]] = {}
    for run in study.runs:
        for trace in run.traces:
            runs_by_row.setdefault((study.variant_of(run), trace.arm.name), []).append((run, trace))
    return head, [
        [
            variant,
            str(len(runs)) if study.several_seeds else "",
            arm,
            ", ".join(dict.fromkeys(trace.status for _, trace in runs if trace.status != "complete")),
            *(_mean(runs, *column) for column in MEANS),
            *judgements([verdict for run, _ in runs for verdict in run.verdicts], arm),
        ]
        for (variant, arm), runs in runs_by_row.items()
    ]


# The column of a summary, its factor to the unit of the table, and the format.
MEANS = (
    ("test_accuracy", 1.0, "{:.2%}"),
    ("test_loss", 1.0, "{:.6f}"),
    ("step_time_s", 1e3, "{:.2f} ms"),
    ("train_time_s", 1.0, "{:.1f} s"),
)


def _mean(runs: Sequence[tuple[RunRecord, Trace]], column: str, factor: float, template: str) -> str:
    values = [value for _, trace in runs if (value := trace.summary()[column]) is not None]
    return number(factor * mean(values) if values else None, template)
