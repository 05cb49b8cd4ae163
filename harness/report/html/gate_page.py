"""The page of a gate."""

from __future__ import annotations

from harness.records.gate import PASSED, Gate, GateRow
from harness.report.gate import RULE, conditions, gate_table, version_table
from harness.report.gate_record import GateRecord
from harness.report.html.blocks import TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section
from harness.report.html.figures.ratios import Ratio, ratios
from harness.report.html.records import records_section


def gate_document(record: GateRecord) -> Document:
    """The page of a gate, from its folder alone."""
    gate = record.gate
    return Document(
        kind="gate",
        title="Gate",
        sentence=record.sentence,
        key_numbers=_key_numbers(gate) if gate else (),
        conditions=(*record.damage_sentences, *(conditions(gate) if gate else ())),
        sections=tuple(part for part in _sections(record) if not part.is_empty),
        has_fixed_title=True,
    )


def _key_numbers(gate: Gate) -> tuple[KeyNumber, ...]:
    """How many checks passed, and the ratio of every row whose speed was judged."""
    passed = sum(row.status in PASSED for row in gate.rows)
    speeds = [row for row in gate.rows if row.check == "speed" and row.ratio is not None]
    return (
        KeyNumber("checks that passed", f"{passed} / {len(gate.rows)}"),
        *(KeyNumber("time of a step over its base", f"{row.ratio:.3f}", row.subject, _note(row)) for row in speeds),
    )


def _note(row: GateRow) -> str:
    """What was decided by the ratio, and its interval."""
    interval = "" if row.low is None or row.high is None else f"interval {row.low:.3f} to {row.high:.3f}"
    return "; ".join(filter(None, [row.status, interval]))


def _sections(record: GateRecord) -> list[Section]:
    gate = record.gate
    if gate is None:
        return [records_section(record.folder)]
    speeds = [
        Ratio(row.subject, row.ratio, row.low, row.high)
        for row in gate.rows
        if row.check == "speed" and row.ratio is not None
    ]
    table = TableBlock.of("Checks of every row", gate_table(gate), notes=(RULE,))
    return [
        section("Checks", table, ratios("Time of a step, head over base", speeds)),
        section("Head and base", TableBlock.of("Versions", version_table(gate))),
        records_section(record.folder),
    ]
