"""The page of a checked pair of models."""

from __future__ import annotations

from harness.records.outcome import first_divergence
from harness.report.html.blocks import CellKind, TableBlock
from harness.report.html.document import Document, Section, section
from harness.report.html.key_numbers import of_verdicts
from harness.report.html.ladder import ladder
from harness.report.html.records import records_section
from harness.report.html.sources import tolerance_sources
from harness.report.pair import pair_conditions, parameter_table
from harness.report.pair_record import PairRecord
from harness.report.rows import ladder_table
from harness.report.run_contents import DETECTS


def pair_document(record: PairRecord) -> Document:
    """The page of a pair, from its folder alone."""
    return Document(
        kind="pair",
        title=record.name,
        sentence=record.sentence,
        key_numbers=tuple(of_verdicts(record.verdicts)),
        conditions=(*record.damage_sentences, *_advice(record), *pair_conditions(record)),
        sections=tuple(part for part in _sections(record) if not part.is_empty),
    )


def _advice(record: PairRecord) -> list[str]:
    first = first_divergence(record.verdicts)
    return [f"what makes them equal: {first.advice}"] if first is not None and first.advice else []


def _sections(record: PairRecord) -> list[Section]:
    parameters = parameter_table(record)
    names = parameters[0][:2]
    kinds: dict[str, CellKind] = dict.fromkeys(names, "name")
    return [
        section("The ladder", ladder(record.verdicts)),
        section("Parameters and layers", TableBlock.of("Parameters", parameters, kinds=kinds, names=names)),
        section("All checks", TableBlock.of("Parity", ladder_table(record.verdicts), notes=(DETECTS,))),
        tolerance_sources(record.verdicts),
        records_section(record.folder),
    ]
