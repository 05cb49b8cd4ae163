"""`report.md`: the tables of a run, for people."""

from __future__ import annotations

from harness.report.pictures import flips_section
from harness.report.plots import envelope_plot
from harness.report.rows import Table, ladder_table, rung_table, schedule_table, summary_table
from harness.report.tables import as_markdown
from harness.results.store import write_text
from harness.rungs.convergence import seeds_in_words
from harness.rungs.free_run import CURVES, FreeRuns
from harness.scenarios.run import Run
from harness.system.text import markdown

PICTURE = "trajectory.png"
DETECTS = (
    "`detects` is each check's certificate: the smallest relative error in its largest element that it was seen to "
    "notice, found by bisection; of several tensors, in the bluntest."
)


def write_report(run: Run) -> None:
    """Writes `report.md`, once the run is complete or is known to be unfinished."""
    write_text(run.store.folder / "report.md", report(run))


def report(run: Run) -> str:
    """The run as a page of Markdown; the pictures that it shows are left beside it, if the run is complete."""
    e, plan, traces = run.experiment, run.plan, list(run.traces.values())
    lines = [
        f"# {markdown(e.name)}",
        "",
        f"**{markdown(run.sentence)}**",
        "",
        f"- {markdown(run.coverage.in_words)}",
        f"- model: {e.model.parameter_count:,} parameters, {e.model.multiply_adds:,} multiply-adds a sample",
        f"- data: {markdown(run.data.source)}; {len(run.data.x_train):,} to train, {len(run.data.x_test):,} to test",
        f"- optimizer: {e.optimizer.name_in_tables}; "
        f"schedule: {e.schedule.name_in_tables}; loss: {e.loss.name_in_tables}",
        f"- plan: {plan.digest[:16]}, seed {e.seed}, "
        f"{len(plan.orders)} epochs, {plan.steps} steps of {plan.batch_size}",
        *_one_of_several(run),
        "",
    ]
    for title, table in (
        ("Accuracy and time", summary_table(traces)),
        ("Learning-rate schedules against the float64 reference", schedule_table(run.verdicts)),
        ("By rung", rung_table(run.verdicts)),
        ("Parity", ladder_table(run.verdicts)),
        ("How each arm makes the words of the spec", _realisations(run)),
    ):
        if table[1]:
            lines += [f"## {title}", "", as_markdown(*table), ""]
            lines += [DETECTS, ""] if title == "Parity" else []
    if run.unfinished is None:
        lines += _free_runs(run)
        lines += flips_section(run.flips, run.data.x_test, run.store.folder)
    sources = dict.fromkeys(verdict.tolerance_source for verdict in run.verdicts if verdict.tolerance_source)
    lines += ["## Where the tolerances come from", "", *(f"- {markdown(source)}" for source in sources), ""]
    return "\n".join(lines)


def _free_runs(run: Run) -> list[str]:
    """The picture of the free runs in their envelope, and what bounds them; nothing where none were made."""
    found: FreeRuns | None = run.context.made.get(CURVES)
    if found is None:
        return []
    envelope_plot(run.store.folder / PICTURE, found.around, found.losses)
    bounds = [found.around.in_words, found.around.loss.source]
    said = [f"![{PICTURE}]({PICTURE})", "", *(f"- {markdown(bound)}" for bound in bounds)]
    return ["## Free runs in the chaos envelope", "", *said, ""]


def _one_of_several(run: Run) -> list[str]:
    if run.is_alone:
        return []
    return [f"- one of {seeds_in_words(run.seeds)}; whether the arms end equally well is judged over all of them"]


def _realisations(run: Run) -> Table:
    rows = [
        [name, word, made["kind"], made["by"], made["reason"]]
        for name, trace in run.traces.items()
        for word, made in trace.realisations.items()
    ]
    return ["arm", "word", "realisation", "by", "reason"], rows
