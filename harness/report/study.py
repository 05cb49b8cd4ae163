"""The tables and sentences of a study over all its variants, and its `report.md`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.records.exit_codes import AGREES
from harness.records.verdict import Verdict
from harness.report.rows import Table, number, runs_as
from harness.report.seeds import convergence_table, flips_of_study, spread_table
from harness.report.study_record import StudyRecord
from harness.report.tables import as_markdown
from harness.results.recorded import RecordedArm
from harness.results.store import write_text
from harness.rungs import expected
from harness.rungs.convergence_over_seeds import seeds_in_words
from harness.scenarios.study import NAME
from harness.spec.experiment import Experiment
from harness.system.text import markdown

PLANNED = {"data", "epochs", "steps", "batch_size"}  # the keys of a plan that the page shows
NORMS = ("gradient_norm/", "clipped_norm/")


def write_study_report(folder: Path) -> None:
    """Writes `report.md` into the folder of a study that is complete or known to be unfinished."""
    write_text(folder / "report.md", report(StudyRecord.of(folder)))


def report(study: StudyRecord) -> str:
    """The study as a page of Markdown. Of a complete study, the picture of the page is written into the folder."""
    sentences = [study.sentence, *sentences_over_seeds(study)]
    lines = [f"# {markdown(study.name)}", "", *(f"**{markdown(sentence)}**\n" for sentence in sentences)]
    lines += [*study.damage_lines, *(f"- {markdown(condition)}" for condition in study_conditions(study)), ""]
    for title, table in study_tables(study).items():
        lines += [f"## {title}", "", as_markdown(*table), ""]
    lines += flips_of_study(study) if study.unfinished is None else []
    return "\n".join(lines)


def study_tables(study: StudyRecord) -> dict[str, Table]:
    """The tables that have a row, by title."""
    tables = {
        "By variant": variant_table(study),
        "Over the seeds": convergence_table(study),
        "Test images that flip": spread_table(study),
        "What each should come to": expected_table(study),
        "Between the variants": between_table(study.verdicts),
    }
    return {title: table for title, table in tables.items() if table[1]}


def sentences_over_seeds(study: StudyRecord) -> list[str]:
    """A line for every two arms on how well they end; none of an unfinished study, which has no such outcome."""
    if study.state == "unfinished":  # decided before any run is read
        return []
    return [_in_one_line(verdict, study.exit_code == AGREES) for verdict in study.over_seeds]


def _in_one_line(verdict: Verdict, study_agrees: bool) -> str:
    """The verdict as a line that starts with its status.

    Scripts search for AGREES, so that it is in capitals only where the study as a whole agrees.
    """
    is_quiet = verdict.status in ("agrees", "known") and not study_agrees
    word = verdict.status if is_quiet else verdict.status.upper()
    arms = " and ".join(filter(None, (verdict.arm_a, verdict.arm_b)))
    return f"{word}: {', '.join(filter(None, (arms, verdict.subject)))}: {verdict.cause}"


def variant_and_seed(experiment: Experiment) -> str:
    """The name of a run within its study."""
    return f"{experiment.variant or ''} seed {experiment.seed}".strip()


def variant_table(study: StudyRecord) -> Table:
    """A row for each variant, seed and arm."""
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
            rows.append([*cells, *judgements(run.verdicts, arm.trace.arm.name)])
    return head, rows


def _norms(arm: RecordedArm) -> list[str]:
    return [name for name in arm.columns if name.startswith(NORMS)]


def _first_norms(arm: RecordedArm, kind: str) -> str:
    return " ".join(f"{lengths[0]:.2g}" for name, lengths in arm.columns.items() if name.startswith(kind))


def judgements(verdicts: Sequence[Verdict], arm: str) -> list[str]:
    """The worst status of an arm's parity checks and of its expectations; empty where there are none."""
    on_arm = [verdict for verdict in verdicts if arm in (verdict.arm_a, verdict.arm_b)]
    words: list[str] = []
    for is_expected in (False, True):
        statuses = [verdict.status for verdict in on_arm if (verdict.rung == expected.NAME) == is_expected]
        worst = [word for word in WORST_FIRST if word in statuses]
        words.append(worst[0] if worst else "")
    return words


WORST_FIRST = ("crashed", "interrupted", "diverges", "unverified", "unsupported", "known", "agrees")


def expected_table(study: StudyRecord) -> Table:
    """A row for each expectation of a variant, with the value that it was compared with."""
    head = ["variant", "arm", "what", "found", "verdict"]
    rows = [
        [study.variant_of(run), v.arm_a, v.subject, v.cause, v.status]
        for run in study.runs
        for v in run.verdicts
        if v.rung == expected.NAME
    ]
    return head, rows


def between_table(verdicts: Sequence[Verdict]) -> Table:
    """A row for each ordering between two variants."""
    head = ["what", "arm", "found", "verdict"]
    return head, [[v.subject, v.arm_a, v.cause, v.status] for v in verdicts if v.rung == NAME]


def study_conditions(study: StudyRecord) -> list[str]:
    """Lines about the data, the training and the arms; none where no run can be read."""
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
