"""The rows of the table of recorded quantities, and the sentence above the table, which sums up the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.judging.quantity import Quantity
from harness.subjects.recorded.differences import LABELS


@dataclass(frozen=True)
class Row:
    """All quantities of one kind: one row of the table."""

    kind: str
    parts: list[Quantity]

    @property
    def name(self) -> str:
        return self.kind + (f" of {len(self.parts)} parameters" if self.parts[0].of else "")

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many values both arms have in common, A has, and B has."""
        return sum(q.common for q in self.parts), sum(len(q.a) for q in self.parts), sum(len(q.b) for q in self.parts)

    @property
    def apart(self) -> list[Quantity]:
        return [part for part in self.parts if part.first is not None]

    @property
    def is_equal(self) -> bool:
        return all(part.equal for part in self.parts)

    @property
    def most(self) -> tuple[Quantity, str]:
        """The part with the largest difference, and that difference in words."""
        part = max(self.apart, key=lambda candidate: candidate.largest)
        return part, f"{part.count} flip" if self.kind == LABELS else f"{part.largest:.2g}"

    @property
    def word(self) -> str:
        """Whether both arms are equal, in a word or two."""
        _, a, b = self.counts
        if not a or not b:
            return f"only in {'A' if a else 'B'}"
        if self.apart:
            return "differs"
        return "equal" if self.is_equal else "equal as far as both go"


def rows_of(recorded: Iterable[Quantity]) -> list[Row]:
    """The quantities grouped by kind, in the order in which the kinds first occur."""
    by_kind: dict[str, list[Quantity]] = {}
    for quantity in recorded:
        by_kind.setdefault(quantity.kind, []).append(quantity)
    return [Row(kind, parts) for kind, parts in by_kind.items()]


def in_words(recorded: Sequence[Quantity], names: tuple[str, str]) -> str:
    """One sentence on all rows of the table: the first step that differs, what else differs, what one side lacks."""
    rows = rows_of(recorded)
    if not any(row.counts[0] for row in rows):
        return "they share no number"
    equal = [row.kind for row in rows if row.is_equal]
    if len(equal) == len(rows):
        return f"all that both recorded is equal bit for bit: {', '.join(equal)}"
    first = _first_step(recorded, names) or (f"equal bit for bit: {', '.join(equal)}" if equal else "nothing is equal")
    other_rows = [row for row in rows if not row.is_equal and not (row.apart and row.parts[0].steps is not None)]
    one_sided = [
        f"only {name} has {', '.join(kinds)}"
        for side, name in enumerate(names)
        if (kinds := [row.kind for row in other_rows if row.counts[0] == 0 and row.counts[1 + side]])
    ]
    return "; ".join([first, *(f"{row.kind}: {_how_unequal(row)}" for row in other_rows if row.counts[0]), *one_sided])


def _how_unequal(row: Row) -> str:
    common, a, b = row.counts
    if not row.apart:
        return f"{row.word} ({a:,} and {b:,} values)"
    count = sum(part.count for part in row.apart)
    return f"{count:,} of {common:,} values differ" + (
        "" if row.kind == LABELS else f", by up to {row.most[1]} relative"
    )


def _first_step(recorded: Sequence[Quantity], names: tuple[str, str]) -> str:
    """The first value by step that is not bit-equal, in words; empty if all are bit-equal."""
    differing = [
        (int(entry.steps[entry.first]), order, entry)
        for order, entry in enumerate(recorded)
        if entry.steps is not None and entry.first is not None
    ]
    if not differing:
        return ""
    step, _, first = min(differing, key=lambda entry: entry[:2])
    at = first.first
    assert at is not None
    a, b = float(first.a[at]), float(first.b[at])
    apart = abs(a - b) / max(abs(a), abs(b)) if max(abs(a), abs(b)) > 0 else 0.0
    until = f"equal bit for bit up to step {step - 1}; first apart" if step else "apart"
    what = first.kind + (f" of {first.of}" if first.of else "")
    return f"{until} at step {step}: {what} is {a:.9g} in {names[0]}, {b:.9g} in {names[1]} ({apart:.2g} relative)"
