"""`comparison.json`: what a comparison says beside its verdicts, which are in `verdicts.parquet`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.results.files import UnreadableError, read_object
from harness.results.kinds import COMPARISON as COMPARISON
from harness.results.recorded import RecordedRun
from harness.results.store import write_text
from harness.subjects.recorded.changes import changed, other_outcomes, times
from harness.subjects.recorded.comparison import Compared, Comparison
from harness.subjects.recorded.rows import Row, rows_of

Cells = tuple[tuple[str, ...], ...]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArmFacts(_Record):
    """Two arms. `changed`: rows of (what, A, B); `differences`: of (quantity, values, whether bit for bit equal, where
    first apart, how far at most); `other_outcomes`: of (rung, what, A, B). `times` are in seconds and bytes."""

    name: str
    in_words: str
    changed: Cells
    differences: Cells
    other_outcomes: Cells
    times: tuple[tuple[str, float | None, float | None], ...]


class PartFacts(_Record):
    """Two runs; `variant` is their place in their studies. `verdicts`: how many rows of the table are theirs."""

    variant: str
    judged_by: str
    notes: tuple[str, ...]
    arms: tuple[ArmFacts, ...]
    verdicts: int


class Facts(_Record):
    """`a` and `b`: the folders that were compared."""

    schema_version: Literal[1] = 1
    a: str
    b: str
    parts: tuple[PartFacts, ...]


def write_facts(found: Sequence[Comparison], folder: Path) -> None:
    first = found[0]
    a, b = (_above(run, first.variant) for run in (first.a, first.b))
    facts = Facts(a=a, b=b, parts=tuple(_of_part(comparison) for comparison in found))
    write_text(folder / COMPARISON, facts.model_dump_json(indent=2) + "\n")


def read_facts(path: Path) -> Facts:
    try:
        return Facts.model_validate_json(json.dumps(read_object(path)), strict=True)
    except ValidationError as error:
        raise UnreadableError(f"holds no comparison: {error.errors()[0]['msg']}") from None


def _above(run: RecordedRun, variant: str) -> str:
    """The folder that was given: the run's, or that of its study."""
    folder = run.folder.parents[len(Path(variant).parts) - 1] if variant else run.folder
    return str(folder.absolute())


def _of_part(comparison: Comparison) -> PartFacts:
    return PartFacts(
        variant=comparison.variant,
        judged_by=comparison.judged_by,
        notes=tuple(comparison.notes),
        arms=tuple(_of_arms(compared, comparison) for compared in comparison.compared),
        verdicts=len(comparison.verdicts),
    )


def _of_arms(compared: Compared, comparison: Comparison) -> ArmFacts:
    return ArmFacts(
        name=compared.pair.name,
        in_words=compared.in_words,
        changed=_cells(changed(compared.pair)),
        differences=_cells(differences(compared)),
        other_outcomes=_cells(other_outcomes(comparison.a, comparison.b, compared.pair)),
        times=tuple(times(compared.pair)),
    )


def _cells(rows: Sequence[Sequence[str]]) -> Cells:
    return tuple(map(tuple, rows))


def differences(compared: Compared) -> list[list[str]]:
    """One row for each kind of quantity; of several parameters the one that parts first, and the one most apart."""
    return [_difference(row) for row in rows_of(compared.quantities)]


def _difference(row: Row) -> list[str]:
    common, whole_a, whole_b = row.counts
    count = f"{common:,}" + ("" if whole_a == whole_b else f" of {whole_a:,} and {whole_b:,}")
    if not row.apart:
        return [row.name, count, row.word, "", ""]
    first = min(row.apart, key=lambda part: part.first or 0)
    where = f"value {first.first}" if first.steps is None else f"step {first.steps[first.first]}"
    most, farthest = row.most
    places = (f"{text}, {part.of}" if part.of else text for text, part in ((where, first), (farthest, most)))
    return [row.name, count, row.word, *places]
