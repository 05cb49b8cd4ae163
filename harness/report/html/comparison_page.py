"""The page of a comparison of two recorded folders."""

from __future__ import annotations

from harness.report.comparison import notes, part_tables, sides, verdict_table
from harness.report.comparison_record import ComparisonRecord
from harness.report.html.blocks import Items, TableBlock
from harness.report.html.document import Document, Section, section
from harness.report.html.key_numbers import of_verdicts
from harness.report.html.ladder import ladder
from harness.report.html.records import records_section
from harness.report.html.sources import tolerance_sources


def comparison_document(record: ComparisonRecord) -> Document:
    """The page of a comparison, from its folder alone."""
    return Document(
        kind="comparison",
        title="Two runs compared",
        sentence=record.sentence,
        key_numbers=tuple(of_verdicts(record.verdicts)),
        conditions=(*record.damage_sentences, *sides(record)),
        sections=tuple(part for part in _sections(record) if not part.is_empty),
        has_fixed_title=True,
    )


def _sections(record: ComparisonRecord) -> list[Section]:
    parts = [
        section(
            part.variant or "The two runs",
            Items(tuple(notes(part))),
            *(TableBlock.of(title, table) for title, table in part_tables(part, verdicts)),
        )
        for part, verdicts in record.parts
    ]
    if record.facts is None:
        parts.append(section("The two runs", TableBlock.of("verdicts", verdict_table(record.verdicts))))
    ladders = section("The ladder", ladder(record.verdicts))
    return [ladders, *parts, tolerance_sources(record.verdicts), records_section(record.folder)]
