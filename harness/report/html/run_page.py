"""The page of a run."""

from __future__ import annotations

from harness.report.html.arms import environment_block, ledger_table, realisations_side_by_side
from harness.report.html.blocks import Prose, TableBlock
from harness.report.html.document import Document, Section, section
from harness.report.html.figures.confusion import confusion_matrices
from harness.report.html.figures.free_runs import free_runs
from harness.report.html.figures.gradient_norms import gradient_norms
from harness.report.html.figures.learning_rates import learning_rates
from harness.report.html.figures.losses import losses
from harness.report.html.figures.step_times import step_times
from harness.report.html.flips import flips_section
from harness.report.html.key_numbers import key_numbers
from harness.report.html.ladder import ladder
from harness.report.html.records import records_section
from harness.report.html.sources import tolerance_sources
from harness.report.rows import ladder_table, rung_table, schedule_table, summary_table
from harness.report.run_contents import DETECTS, conditions
from harness.report.run_record import RunRecord

LADDER = (
    "Each rung opens to its evidence: the checks that disagree or that the ledger excuses, and the check that is "
    "nearest to its tolerance. All checks are in the tables below."
)


def run_document(run: RunRecord) -> Document:
    """The page of a run, from its folder alone."""
    return Document(
        kind="run",
        title=run.experiment.name if run.experiment else run.folder.name,
        sentence=run.sentence,
        key_numbers=key_numbers(run),
        conditions=(*run.damage_sentences, *conditions(run)),
        sections=run_sections(run),
    )


def run_sections(run: RunRecord) -> tuple[Section, ...]:
    """The sections of a run that have content."""
    return tuple(
        part
        for part in (
            section("The ladder", Prose((LADDER,)) if run.verdicts else None, ladder(run.verdicts)),
            _training(run),
            _checks(run),
            _predictions(run),
            _arms(run),
            tolerance_sources(run.verdicts),
            records_section(run.folder),
        )
        if not part.is_empty
    )


def _training(run: RunRecord) -> Section:
    """What the arms recorded step by step. Of an unfinished run, whose arms may lack steps, too."""
    schedule = run.experiment.schedule if run.experiment else None
    trained = [trace for trace in run.traces if trace.epochs]
    return section(
        "Accuracy and time" if trained else "Free runs in the chaos envelope",
        TableBlock.of("Accuracy and time by arm", summary_table(run.traces)) if trained else None,
        losses(run.traces),
        learning_rates(run.traces, schedule) if schedule else None,
        free_runs(run.free_runs),
        gradient_norms(run.arms),
        step_times(run.traces),
    )


def _checks(run: RunRecord) -> Section:
    return section(
        "All checks",
        TableBlock.of("By rung", rung_table(run.verdicts)),
        TableBlock.of("Learning-rate schedules against the float64 reference", schedule_table(run.verdicts)),
        TableBlock.of("Parity", ladder_table(run.verdicts), notes=(DETECTS,)),
    )


def _predictions(run: RunRecord) -> Section:
    return section("Predictions", confusion_matrices(run.confusions), parts=[flips_section(run)])


def _arms(run: RunRecord) -> Section:
    return section(
        "The arms",
        TableBlock.of(
            "How each arm makes the words of the spec",
            realisations_side_by_side(run.traces),
            kinds={"kind": "status"},
            names=[trace.arm.name for trace in run.traces],
        ),
        TableBlock.of("Entries of the ledger that apply", ledger_table(run)),
        environment_block(run),
    )
