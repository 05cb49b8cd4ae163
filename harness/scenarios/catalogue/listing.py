"""The runs that `twinrun list` shows: chosen, sorted, and at most so many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from harness.results.catalogue.columns import ARM, RUN
from harness.results.catalogue.tables import take, where_in
from harness.scenarios.catalogue.asking import Asked, all_of, selection, unmatched
from harness.scenarios.catalogue.mistakes import no_such, refuse


@dataclass(frozen=True)
class Listing:
    """`table`: the rows to show, of `count` that were chosen. `notes`: what the user should know, one clause each."""

    table: pa.Table
    count: int
    notes: tuple[str, ...]


def listed(request: Asked, sort: str, limit: int, with_parts: bool, rebuild: bool) -> Listing:
    """The listing. `sort`: a column of runs or arms, with `-` before it the largest first; runs without it are last.

    A column of the arms is that of the first arm. `limit`: 0 for all. `with_parts`: the runs of studies too. Raises
    UserMistake where the column does not exist.
    """
    require_column(sort.removeprefix("-"))
    catalogue = all_of(request, rebuild)
    table = selection(request, catalogue)
    if not with_parts:
        table = where_in(table, "study", ("",))
    count = len(table)
    table = sorted_by(table, sort)
    notes = (*catalogue.problems, *(unmatched(request, catalogue) if not count else ()))
    return Listing(table.slice(0, limit) if limit else table, count, notes)


def require_column(name: str) -> None:
    """Raises UserMistake, with the nearest name, where neither runs nor arms have the column."""
    if name not in RUN | ARM:
        refuse([no_such(f"there is no column {name!r}", name, RUN | ARM)])


def sorted_by(table: pa.Table, sort: str) -> pa.Table:
    """The table sorted by one column, and by the run where that is equal; rows without a value are last."""
    name = sort.removeprefix("-")
    rows = table.select([name if name in RUN else "arms", "run"]).to_pylist()
    values: list[Any] = [row[name] if name in RUN else row["arms"][0][name] if row["arms"] else None for row in rows]
    numbers = sorted(range(len(rows)), key=lambda number: rows[number]["run"])
    known = [number for number in numbers if values[number] is not None]
    known.sort(key=lambda number: values[number], reverse=sort.startswith("-"))
    return take(table, [*known, *(number for number in numbers if values[number] is None)])
