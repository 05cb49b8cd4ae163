"""The page of a scaling of benches."""

from __future__ import annotations

from harness.report.html.blocks import CellKind, Items, Links, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.figures.scaling import scaling
from harness.report.html.records import records_section
from harness.report.scaling import growths, in_words, sizes_of, step_table
from harness.report.scaling_folder import ScalingFolder
from harness.results.scalings import ScalingRecord, place_of
from harness.subjects.bench.growth import Growth


def scaling_document(swept: ScalingFolder) -> Document:
    """The page of a scaling, from its folder alone."""
    record = swept.swept
    fits = growths(record, swept.rows) if record else {}
    parts = [*(_sections(swept, record, fits) if record else ()), records_section(swept.folder)]
    return Document(
        kind="scaling",
        title=swept.name,
        sentence=swept.sentence,
        key_numbers=tuple(_growth(record.key, row, fit) for row, fit in fits.items()) if record else (),
        conditions=tuple(swept.damage_sentences),
        sections=tuple(part for part in parts if not part.is_empty),
        has_fixed_title=record is not None,
    )


def _growth(key: str, row: str, fit: Growth) -> KeyNumber:
    return KeyNumber(
        "the time of a step grows like", f"{key} ** {fit.exponent:.2f}", row, f"standard error {fit.error:.2f}", True
    )


def _sections(swept: ScalingFolder, record: ScalingRecord, fits: dict[str, Growth]) -> list[Section]:
    head, rows = step_table(record, swept.rows)
    statuses: dict[str, CellKind] = {name: "status" for name in head if name.endswith(", status")}
    sentences, sizes = tuple(in_words(record, fits)), sizes_of(record)
    places = {value: place_of(number) for number, value in enumerate(record.values)}
    return [
        section(
            "Time of a training step",
            TableBlock.of("By value", (head, rows), kinds=statuses),
            Items(sentences) if sentences else None,
            None if sizes is None else scaling(record.key, sizes, swept.rows, fits),
        ),
        section("Benches", Links.to("By value", places)),
    ]
