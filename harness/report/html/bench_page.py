"""The page of a bench."""

from __future__ import annotations

from math import isfinite

from harness.report.bench import METHOD, bench_sentences, bench_tables
from harness.report.bench_record import BenchRecord
from harness.report.html.blocks import Prose, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.figures.bench_steps import bench_steps
from harness.report.html.figures.phases import phases
from harness.report.html.figures.ratios import Ratio, ratios
from harness.report.html.figures.roofline import roofline
from harness.report.html.records import records_section
from harness.subjects.bench.outcome import as_ratio, in_ms

NO_INTERVAL = "without an interval: too few processes"
MOST_ROWS = 4  # with more of them, the fastest and the slowest stand for all


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
    """The time of a step and its ratio to its base, with their intervals; of many rows, the base's and two ratios."""
    timed = [row for row in record.rows if row.processes]
    compared = [(row, row.ratio) for row in timed if row.ratio is not None]
    if len(timed) > MOST_ROWS:
        by_ratio = sorted((pair for pair in compared if isfinite(pair[1].estimate)), key=lambda pair: pair[1].estimate)
        timed, compared = timed[:1], by_ratio[:1] + by_ratio[1:][-1:]
    return (
        *(
            KeyNumber(
                "time of a step", in_ms(row.step_s), row.row.name, "" if isfinite(row.step_s.low) else NO_INTERVAL
            )
            for row in timed
        ),
        *(
            KeyNumber("time of a step, ratio", as_ratio(ratio), f"{row.row.name} / {row.base.name}")
            for row, ratio in compared
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
