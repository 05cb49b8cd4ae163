"""The page of a sweep: the table of its jobs, what did not come to its end, and the runs."""

from __future__ import annotations

from harness.report.html.blocks import Links, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.records import records_section
from harness.report.sweep import conditions, failure_table, sweep_table, title, values_in_words
from harness.report.sweep_record import SweepRecord
from harness.results.kinds import is_run, runs_below


def sweep_document(record: SweepRecord) -> Document:
    """The page of a sweep, from its folder alone."""
    return Document(
        kind="sweep",
        title=title(record),
        sentence=record.sentence,
        key_numbers=_key_numbers(record),
        conditions=(*record.damage_sentences, *(conditions(record.sweep, record.rows) if record.sweep else ())),
        sections=tuple(part for part in _sections(record) if not part.is_empty),
    )


def _key_numbers(record: SweepRecord) -> tuple[KeyNumber, ...]:
    counts: dict[str, int] = {}
    for row in record.rows:
        word = "waiting" if row is None else row.outcome
        counts[word] = counts.get(word, 0) + 1
    return (
        KeyNumber("jobs", f"{len(record.jobs):,}"),
        *(KeyNumber("jobs by outcome", f"{count:,}", word) for word, count in counts.items()),
    )


def _sections(record: SweepRecord) -> list[Section]:
    if record.sweep is None:
        return [records_section(record.folder)]
    failed = failure_table(record)
    runs = {
        f"{row.folder}  {values_in_words(job)}": row.folder
        for job, row in zip(record.jobs, record.rows, strict=True)
        if row is not None and (row.status == "done" or _has_page(record, row.folder))
    }
    return [
        section("Jobs", TableBlock.of("Jobs of the sweep", sweep_table(record.sweep, record.rows))),
        section("Attempts that did not come to their end", TableBlock.of("Attempts", failed) if failed[1] else None),
        section("Runs", Links.to("By job", runs) if runs else None),
        records_section(record.folder),
    ]


def _has_page(record: SweepRecord, place: str) -> bool:
    return is_run(record.folder / place) or bool(runs_below(record.folder / place))
