"""The page of a study: its variants and seeds side by side, what must hold between them, and its runs."""

from __future__ import annotations

from harness.report.html.blocks import Block, Items, Links, Picture, Pictures, Prose, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.figures.accuracies import accuracies_by_variant
from harness.report.html.key_numbers import DIFFERENCE, of_verdicts, points
from harness.report.html.ladder import ladder
from harness.report.html.records import records_section
from harness.report.html.sources import tolerance_sources
from harness.report.seeds import MEANING, often_flipped_pictures, often_flipped_table
from harness.report.study import sentences_over_seeds, study_conditions, study_tables
from harness.report.study_record import StudyRecord

SEE = "Each run has a report.md in its folder; twinrun report, with that folder, makes its page."


def study_document(study: StudyRecord) -> Document:
    """The page of a study, from its folder alone."""
    return Document(
        kind="study",
        title=study.name,
        sentence=study.sentence,
        key_numbers=_key_numbers(study),
        conditions=(*study.damage_sentences, *study_conditions(study)),
        sections=tuple(part for part in _sections(study) if not part.is_empty),
    )


def _key_numbers(study: StudyRecord) -> tuple[KeyNumber, ...]:
    """The mean difference of every two arms over the seeds, then what the verdicts of all runs come to."""
    numbers = []
    for row in study.convergence.to_dict("records"):
        if not {"mean", "low", "high", "alpha"} <= row.keys():
            continue
        level = 1 - 2 * row["alpha"]
        note = f"{level:.0%} interval {points(row['low'])} to {points(row['high'])}, over {row['pairs']} seeds"
        subject = ", ".join(filter(None, (row["variant"], f"{row['arm_a']} − {row['arm_b']}")))
        numbers.append(KeyNumber(DIFFERENCE, points(row["mean"]), subject, note))
    verdicts = [verdict for run in study.runs for verdict in run.verdicts]
    runs = KeyNumber("runs", f"{len(study.runs):,}")
    return (runs, *numbers, *of_verdicts([*verdicts, *study.verdicts]))


def _sections(study: StudyRecord) -> list[Section]:
    over_seeds = tuple(sentences_over_seeds(study))
    tables = [TableBlock.of(title, table) for title, table in study_tables(study).items()]
    return [
        section("Variants and seeds", Items(over_seeds) if over_seeds else None, *tables, accuracies_by_variant(study)),
        section("The ladder", ladder(study.verdicts), parts=[_ladder_of_run(study)]),
        _flips(study),
        tolerance_sources([verdict for run in study.runs for verdict in run.verdicts]),
        section("Runs", Prose((SEE,)), _links(study)),
        records_section(study.folder),
    ]


def _ladder_of_run(study: StudyRecord) -> Section:
    """The rungs of all runs together: most runs of a study climb none, as the first seed of a variant does."""
    return section("The rungs of all runs", ladder([verdict for run in study.runs for verdict in run.verdicts]))


def _links(study: StudyRecord) -> Links | None:
    places = [run.folder.relative_to(study.folder).as_posix() for run in study.runs]
    return Links.to("By run", {place: place for place in places}) if places else None


def _flips(study: StudyRecord) -> Section:
    """The images that flip most often between two arms; empty where one seed was run."""
    if study.unfinished is not None or not study.several_seeds or study.spread.empty:
        return section("Test images that flip")
    blocks: list[Block] = [Prose((MEANING,))]
    if study.flips.empty:
        blocks.append(Prose(("No test image flips between two arms.",)))
    else:
        title, captioned = often_flipped_pictures(study)
        pictures = [
            Picture(f"flip-{place}", item.picture.reshape(item.picture.shape[:2]), "; ".join(item.lines), item.lines)
            for place, item in enumerate(captioned)
        ]
        blocks += [Pictures(title, tuple(pictures))] if pictures else []
        blocks.append(TableBlock.of("The most often flipped", often_flipped_table(study)))
    return section("Test images that flip", *blocks)
