"""The page of a bench, and of a scaling."""

from __future__ import annotations

from pathlib import Path

from harness.report.bench import METHOD, bench_sentences, bench_tables
from harness.report.bench_record import BenchRecord
from harness.report.html.blocks import Items, Links, Prose, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.figures.bench_steps import bench_steps
from harness.report.html.figures.phases import phases
from harness.report.html.figures.ratios import Ratio, ratios
from harness.report.html.figures.roofline import roofline
from harness.report.html.figures.scaling import scaling
from harness.report.html.records import records_section
from harness.report.scaling import growths, in_words, read, sizes_of, step_table
from harness.results.files import NOT_READ, read_object
from harness.results.marker import MARKER
from harness.results.scalings import place_of
from harness.subjects.bench.outcome import as_ratio, in_ms


def bench_document(record: BenchRecord) -> Document:
    """The page of a bench, from its folder alone."""
    return Document(
        kind="bench",
        title=record.name,
        sentence=record.sentence,
        key_numbers=_key_numbers(record),
        conditions=(*record.damage_sentences, *bench_sentences(record)),
        sections=tuple(part for part in _sections(record) if not part.is_empty),
    )


def _key_numbers(record: BenchRecord) -> tuple[KeyNumber, ...]:
    """The time of a step of every row that was timed, and its ratio to its base, with their intervals."""
    timed = [row for row in record.rows if row.processes]
    steps = [KeyNumber("time of a step", in_ms(row.step_s), row.row.name) for row in timed]
    return (
        *steps,
        *(
            KeyNumber("time of a step, ratio", as_ratio(row.ratio), f"{row.row.name} / {row.base.name}")
            for row in timed
            if row.ratio is not None
        ),
    )


def _sections(record: BenchRecord) -> list[Section]:
    tables = [TableBlock.of(title, table) for title, table in bench_tables(record).items()]
    compared = [row for row in record.rows if row.ratio is not None and row.processes]
    over_base = [
        Ratio(row.row.name, row.ratio.estimate, row.ratio.low, row.ratio.high) for row in compared if row.ratio
    ]
    return [
        section(
            "Times",
            *tables[:1],
            bench_steps(record),
            ratios("Time of a step over that of its base", over_base),
            phases(record),
            roofline(record),
            *tables[1:],
        ),
        section("How it was timed", Prose(METHOD)),
        records_section(record.folder),
    ]


def scaling_document(folder: Path) -> Document:
    """The page of a scaling, from its folder alone."""
    record, rows = read(folder)
    fits, sizes = growths(record, rows), sizes_of(record)
    sentences = tuple(in_words(record, fits))
    places = {value: place_of(number) for number, value in enumerate(record.values)}
    parts = [
        section(
            "Time of a training step",
            TableBlock.of("By value", step_table(record, rows)),
            Items(sentences) if sentences else None,
            None if sizes is None else scaling(record.key, sizes, rows, fits),
        ),
        section("Benches", Links.to("By value", places)),
        records_section(folder),
    ]
    return Document(
        "bench", f"{record.key}, swept", _sentence(folder), sections=tuple(p for p in parts if not p.is_empty)
    )


def _sentence(folder: Path) -> str:
    """The outcome as the marker states it."""
    try:
        return str(read_object(folder / MARKER)["sentence"])
    except NOT_READ:
        return "UNFINISHED"
