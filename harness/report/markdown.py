"""`report.md` of a run: its tables, made from the run's folder alone."""

from __future__ import annotations

from pathlib import Path

from harness.report.folder_record import sources_section
from harness.report.pictures import flips_section
from harness.report.plots import envelope_plot
from harness.report.rows import Table, ladder_table, rung_table, schedule_table, summary_table
from harness.report.run_record import RunRecord
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.rungs.convergence_over_seeds import seeds_in_words
from harness.system.text import markdown

PICTURE = "trajectory.png"
DETECTS = (
    "`detects` is each check's certificate: the smallest relative error in its largest element that it was seen to "
    "notice, found by bisection; of several tensors, in the bluntest."
)


def write_report(folder: Path) -> None:
    """Writes `report.md` into the folder of a run that is complete or known to be unfinished."""
    write_text(folder / "report.md", report(RunRecord.of(folder)))


def report(run: RunRecord) -> str:
    """The run as a page of Markdown. Of a complete run, the pictures of the page are written into the folder."""
    lines = [
        f"# {markdown(run.experiment.name if run.experiment else run.folder.name)}",
        "",
        f"**{markdown(run.sentence)}**",
        "",
        *run.damage_lines,
        *_conditions(run),
        "",
    ]
    for title, table in (
        ("Accuracy and time", summary_table(run.traces)),
        ("Learning-rate schedules against the float64 reference", schedule_table(run.verdicts)),
        ("By rung", rung_table(run.verdicts)),
        ("Parity", ladder_table(run.verdicts)),
        ("How each arm makes the words of the spec", _realisations(run)),
    ):
        if table[1]:
            lines += [f"## {title}", "", as_markdown(*table), ""]
            lines += [DETECTS, ""] if title == "Parity" else []
    if run.is_complete:
        lines += _free_runs(run)
        count = int(run.plan.get("samples", {}).get("test", 0))
        lines += flips_section(run.flips, run.flipped_images, count, run.folder)
    return "\n".join([*lines, *sources_section(run.verdicts)])


def _conditions(run: RunRecord) -> list[str]:
    """Lines about the model, the data and the plan; none where the experiment cannot be read."""
    experiment, plan = run.experiment, run.plan
    if experiment is None:
        return []
    model = experiment.model
    lines = [
        f"- {markdown(run.coverage)}",
        f"- model: {model.parameter_count:,} parameters, {model.multiply_adds:,} multiply-adds a sample",
    ]
    if plan:
        samples = plan.get("samples", {})
        sizes = f"; {samples['train']:,} to train, {samples['test']:,} to test" if samples else ""
        lines.append(f"- data: {markdown(str(plan.get('data', '')))}{sizes}")
    lines.append(
        f"- optimizer: {experiment.optimizer.name_in_tables}; schedule: {experiment.schedule.name_in_tables}; "
        f"loss: {experiment.loss.name_in_tables}"
    )
    if plan:
        counts = f"{plan.get('epochs')} epochs, {plan.get('steps')} steps of {plan.get('batch_size')}"
        lines.append(f"- plan: {str(plan.get('digest'))[:16]}, seed {experiment.seed}, {counts}")
    if run.seeds:
        all_seeds = seeds_in_words(run.seeds)
        lines.append(f"- one of {all_seeds}; whether the arms end equally well is judged over all of them")
    return lines


def _free_runs(run: RunRecord) -> list[str]:
    """The section on the free runs, with their picture and the bounds; no line where no free runs were made."""
    if (free_runs := run.free_runs) is None:
        return []
    table, facts = free_runs
    envelope_plot(run.folder / PICTURE, table, facts)
    lines = [f"![{PICTURE}]({PICTURE})", "", *(f"- {markdown(bound)}" for bound in facts["bounds"])]
    return ["## Free runs in the chaos envelope", "", *lines, ""]


def _realisations(run: RunRecord) -> Table:
    """A row for each arm and each word of the experiment."""
    rows = [
        [trace.arm.name, word, realisation["kind"], realisation["by"], realisation["reason"]]
        for trace in run.traces
        for word, realisation in trace.realisations.items()
    ]
    return ["arm", "word", "realisation", "by", "reason"], rows
