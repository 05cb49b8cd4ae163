"""What a study prints and leaves behind: one line a variant while it runs, then one table over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.data import Dataset
from harness.plan import Plan
from harness.records.exit_codes import AGREES
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.rows import Table, number, runs_as
from harness.report.run_record import RunRecord
from harness.report.seeds import convergence_table, flips_of_study, spread_table
from harness.report.study_record import StudyRecord
from harness.report.tables import as_markdown, line
from harness.report.terminal import Terminal
from harness.results.recorded import RecordedArm
from harness.results.store import write_text
from harness.rungs import expected
from harness.rungs.convergence import seeds_in_words
from harness.scenarios.run import Run
from harness.scenarios.study import NAME, Study
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.text import markdown

PLANNED = {"data", "epochs", "steps", "batch_size"}  # what is told of a plan
NORMS = ("gradient_norm/", "clipped_norm/")


class StudyTerminal(Terminal):
    """Shows a variant in a few lines; its own tables go to its own report.md."""

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None:
        model = f"{experiment.model.parameter_count:,} parameters"
        self._say(line((f"{experiment.name}: {named(experiment)}", "bold"), f" ({model}, plan {plan.digest[:16]})"))

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None:
        if any(verdict.status not in ("agrees", "known") for verdict in verdicts):
            super().rung(name, verdicts)

    def training(self, arm: Arm, epochs: int, steps: int) -> None:
        """The line at the end of a training says enough."""

    def epoch(self, trace: Trace) -> None:
        if len(trace.losses) == len(trace.learning_rates):
            super().epoch(trace)

    def end(self, run: Run, is_brief: bool = False) -> None:
        self._stop_progress()
        self._say(f"  {named(run.experiment)}: {run.sentence}")

    def study(self, study: Study, verdicts: Sequence[Verdict], is_brief: bool = False) -> None:
        """The tables over all variants, unless it is to be brief; then what the study comes to."""
        recorded = StudyRecord.of(study.folder)
        self.console.print()
        for title, table in {} if is_brief else _tables(recorded).items():
            self._table(title, table)
        for sentence in _over_seeds(recorded):
            self.console.print(sentence, soft_wrap=True)
        colour = "green" if study.exit_code(verdicts) == 0 else "bold red"
        self.console.print(line((study.sentence(verdicts), colour)), soft_wrap=True)
        self.console.print(f"results: {study.folder}", soft_wrap=True)


def write_study_report(folder: Path) -> None:
    """Writes the study's `report.md`, once the study is complete or is known to be unfinished."""
    write_text(folder / "report.md", report(StudyRecord.of(folder)))


def report(study: StudyRecord) -> str:
    """The study as a page of Markdown; the picture that it shows is left beside it, if the study is complete."""
    said = [study.sentence, *_over_seeds(study)]
    lines = [f"# {markdown(study.name)}", "", *(f"**{markdown(sentence)}**\n" for sentence in said)]
    lines += [*study.damage_lines, *(f"- {markdown(condition)}" for condition in _conditions(study)), ""]
    for title, table in _tables(study).items():
        lines += [f"## {title}", "", as_markdown(*table), ""]
    lines += flips_of_study(study) if study.unfinished is None else []
    return "\n".join(lines)


def _tables(study: StudyRecord) -> dict[str, Table]:
    """Those that have a row, by their title."""
    tables = {
        "By variant": variant_table(study),
        "Over the seeds": convergence_table(study),
        "Test images that flip": spread_table(study),
        "What each should come to": expected_table(study),
        "Between the variants": between_table(study.verdicts),
    }
    return {title: table for title, table in tables.items() if table[1]}


def _over_seeds(study: StudyRecord) -> list[str]:
    """A line for every two arms; none of a study that is unfinished, which agrees on nothing."""
    if study.state == "unfinished":  # of which no run need be read for this
        return []
    return [_in_one_line(verdict, study.exit_code == AGREES) for verdict in study.over_seeds]


def _in_one_line(verdict: Verdict, study_agrees: bool) -> str:
    """The word of agreement is in capitals, by which scripts go, only where the study as a whole agrees."""
    is_quiet = verdict.status in ("agrees", "known") and not study_agrees
    word = verdict.status if is_quiet else verdict.status.upper()
    arms = f"{verdict.arm_a} and {verdict.arm_b}"
    return f"{word}: {arms}, {verdict.subject}: {verdict.cause}"


def named(experiment: Experiment) -> str:
    return f"{experiment.variant or ''} seed {experiment.seed}".strip()


def variant_table(study: StudyRecord) -> Table:
    """One row per variant, seed and arm."""
    head = ["variant", *(["seed"] if study.several_seeds else [])]
    head += ["arm", "status", "test accuracy", "test loss", "train loss", "training", "step, median"]
    with_norms = any(_norms(arm) for run in study.runs for arm in run.arms)
    head += ["gradient norms at the first step, by layer", "after clipping"] if with_norms else []
    head += ["parity", "expected"]
    rows = []
    for run in study.runs:
        for arm in run.arms:
            row = arm.trace.summary()
            cells = [
                study.variant_of(run),
                *([study.seed_of(run)] if study.several_seeds else []),
                row["arm"],
                row["status"],
                number(row["test_accuracy"], "{:.2%}"),
                number(row["test_loss"], "{:.6f}"),
                number(row["train_loss"], "{:.6f}"),
                number(row["train_time_s"], "{:.1f} s"),
                number(row["step_time_s"] and 1e3 * row["step_time_s"], "{:.2f} ms"),
            ]
            if with_norms:
                cells += [_first_norms(arm, "gradient_norm/"), _first_norms(arm, "clipped_norm/")]
            rows.append([*cells, *_judgements(run, arm.trace.arm.name)])
    return head, rows


def _norms(arm: RecordedArm) -> list[str]:
    return [name for name in arm.columns if name.startswith(NORMS)]


def _first_norms(arm: RecordedArm, kind: str) -> str:
    return " ".join(f"{lengths[0]:.2g}" for name, lengths in arm.columns.items() if name.startswith(kind))


def _judgements(run: RunRecord, arm: str) -> list[str]:
    """What parity and the expectations say of an arm; the worst word that was said."""
    mine = [verdict for verdict in run.verdicts if arm in (verdict.arm_a, verdict.arm_b)]
    found: list[str] = []
    for kind in ([v for v in mine if v.rung != expected.NAME], [v for v in mine if v.rung == expected.NAME]):
        said = [verdict.status for verdict in kind]
        worst = [word for word in WORST_FIRST if word in said]
        found.append(worst[0] if worst else "")
    return found


WORST_FIRST = ("crashed", "interrupted", "diverges", "unverified", "unsupported", "known", "agrees")


def expected_table(study: StudyRecord) -> Table:
    """What the variants are expected to come to, and came to."""
    head = ["variant", "arm", "what", "found", "verdict"]
    rows = [
        [study.variant_of(run), v.arm_a, v.subject, v.cause, v.status]
        for run in study.runs
        for v in run.verdicts
        if v.rung == expected.NAME
    ]
    return head, rows


def between_table(verdicts: Sequence[Verdict]) -> Table:
    head = ["what", "arm", "found", "verdict"]
    return head, [[v.subject, v.arm_a, v.cause, v.status] for v in verdicts if v.rung == NAME]


def _conditions(study: StudyRecord) -> list[str]:
    """What a reader of the table needs to know of how it came about."""
    planned = [run for run in study.runs if run.experiment and run.plan.keys() >= PLANNED]
    if not planned:
        return []
    plans = [run.plan for run in planned]
    seeds = sorted({run.experiment.seed for run in planned if run.experiment})
    samples = [plan["samples"] for plan in plans if plan.get("samples")]
    sizes = sorted({f"{count['train']:,} to train, {count['test']:,} to test" for count in samples})
    steps = sorted({f"{plan['epochs']} epochs, {plan['steps']:,} steps of {plan['batch_size']}" for plan in plans})
    arms = [trace.summary() for trace in planned[0].traces]
    versions = [f"{row['arm']}: {row['adapter']} {row['version']} ({', '.join(runs_as(row))})" for row in arms]
    return [
        "; ".join([f"data: {plans[0]['data']}", *sizes]),
        f"training: {'; '.join(steps)}; {seeds_in_words(seeds)}",
        *versions,
    ]
