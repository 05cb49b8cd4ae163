"""What the pages of a run say in every format: its conditions and its tables, made from the run's folder alone."""

from __future__ import annotations

from harness.report.rows import Table, ladder_table, rung_table, schedule_table, summary_table
from harness.report.run_record import RunRecord

PARITY = "Parity"
DETECTS = (
    "`detects` is each check's certificate: the smallest relative error in its largest element that it was seen to "
    "notice, found by bisection; of several tensors, in the bluntest."
)

TIMES_OF_HOSTS = "the arms were timed on different hosts, so that their times say nothing about each other"


def run_tables(run: RunRecord) -> dict[str, Table]:
    """The tables of a run that have a row, by title."""
    tables = {
        "Accuracy and time": summary_table(run.traces),
        "Learning-rate schedules against the float64 reference": schedule_table(run.verdicts),
        "By rung": rung_table(run.verdicts),
        PARITY: ladder_table(run.verdicts),
        "How each arm makes the words of the spec": realisation_table(run),
    }
    return {title: table for title, table in tables.items() if table[1]}


def _recordings(run: RunRecord) -> list[str]:
    """Of a run whose arms were recorded on several hosts: where and when each was. Other runs have none."""
    if (hosts := run.hosts) is None:
        return []
    sentences = [
        f"recorded from one exported file: {', '.join(recording.arms)} on host {recording.host} at {recording.started}"
        for recording in hosts.recordings
    ]
    return [*sentences, TIMES_OF_HOSTS]


def realisation_table(run: RunRecord) -> Table:
    """A row for each arm and each word of the experiment."""
    rows = [
        [trace.arm.name, word, realisation["kind"], realisation["by"], realisation["reason"]]
        for trace in run.traces
        for word, realisation in trace.realisations.items()
    ]
    return ["arm", "word", "realisation", "by", "reason"], rows


def conditions(run: RunRecord) -> list[str]:
    """Sentences about the model, the data and the plan; none where the experiment cannot be read."""
    experiment, plan = run.experiment, run.plan
    if experiment is None:
        return []
    model = experiment.model
    sentences = [
        run.coverage,
        f"model: {model.parameter_count:,} parameters, {model.multiply_adds:,} multiply-adds a sample",
    ]
    if plan:
        samples = plan.get("samples", {})
        sizes = f"; {samples['train']:,} to train, {samples['test']:,} to test" if samples else ""
        sentences.append(f"data: {plan.get('data', '')}{sizes}")
    sentences.append(
        f"optimizer: {experiment.optimizer.name_in_tables}; schedule: {experiment.schedule.name_in_tables}; "
        f"loss: {experiment.loss.name_in_tables}"
    )
    if plan:
        counts = f"{plan.get('epochs')} epochs, {plan.get('steps')} steps of {plan.get('batch_size')}"
        sentences.append(f"plan: {str(plan.get('digest'))[:16]}, seed {experiment.seed}, {counts}")
    sentences += _recordings(run)
    if run.seeds:
        from harness.rungs.convergence_over_seeds import seeds_in_words

        all_seeds = seeds_in_words(run.seeds)
        sentences.append(f"one of {all_seeds}; whether the arms end equally well is judged over all of them")
    return sentences
