"""A table of the arms of many runs: rows, columns, values and statistics by name, by pandas' `pivot_table`.

DuckDB's PIVOT would do as well, but it knows neither `last` nor tables with several values and statistics at once, and
the notebook of a user has pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.results.catalogue.columns import ARM, REAL, RUN, WHOLE
from harness.results.catalogue.tables import joined, where_in
from harness.results.parquet import frame_of
from harness.scenarios.catalogue.asking import Asked, all_of, selection, unmatched
from harness.scenarios.catalogue.mistakes import no_such, refuse

if TYPE_CHECKING:
    import pyarrow as pa

STATISTICS = ("mean", "median", "min", "max", "std", "count", "last")
DEFAULTS = {"rows": "experiment,arm", "columns": "", "values": "test_accuracy", "statistic": "mean"}
COLUMNS = RUN | ARM
NUMBERS = tuple(name for name, (kind, _) in COLUMNS.items() if kind in (WHOLE, REAL))


@dataclass(frozen=True)
class Pivot:
    """`head` and `rows` of the table as text and numbers; `index`: how many of the columns name a row."""

    head: list[str]
    rows: list[list[object]]
    index: int
    notes: tuple[str, ...] = ()


def pivoted(request: Asked) -> Pivot:
    """The table that is asked for. Raises UserMistake where a column or a statistic does not exist."""
    given = {key: _names({**DEFAULTS, **request.further}[key]) for key in DEFAULTS}
    mistakes = [
        no_such(f"{key}: there is no {what} {name!r}", name, allowed)
        for key, what, allowed in (
            ("rows", "column", tuple(COLUMNS)),
            ("columns", "column", tuple(COLUMNS)),
            ("values", "column of numbers", NUMBERS),
            ("statistic", "statistic", STATISTICS),
        )
        for name in given[key]
        if name not in allowed
    ]
    mistakes += [f"{key}: no name is given" for key in ("rows", "values", "statistic") if not given[key]]
    keys = [name for key in ("rows", "columns", "values") for name in given[key]]
    mistakes += [f"{name} is used more than once" for name in dict.fromkeys(keys) if keys.count(name) > 1]
    if mistakes:
        refuse(mistakes)
    catalogue = all_of(request)
    arms = joined(selection(request, catalogue), "arms")
    notes = (*catalogue.problems, *(unmatched(request, catalogue) if not len(arms) else ()))
    if request.choice.arm:
        arms = where_in(arms, "arm", request.choice.arm)
    return _pivot(arms, given, notes)


def _pivot(arms: pa.Table, given: Mapping[str, list[str]], notes: tuple[str, ...]) -> Pivot:
    import pandas as pd

    index, columns, values = (given[key] for key in ("rows", "columns", "values"))
    statistics: Any = given["statistic"]  # names of functions, which the stubs list one by one
    # The oldest first, as the catalogue is, so that `last` is the newest.
    frame = frame_of(arms.select([*index, *columns, *values]))
    for name in values:
        frame[name] = frame[name].astype("float64")
    for name in (*index, *columns):
        frame[name] = frame[name].map(lambda value: "" if pd.isna(value) else value)
    if frame.empty:
        return Pivot([*index], [], len(index), notes)
    table = pd.pivot_table(frame, index=index, columns=columns or None, values=values, aggfunc=statistics)
    head = [*index, *(_heading(key, statistics, values) for key in table.columns)]
    rows = [[*(key if isinstance(key, tuple) else (key,)), *cells] for key, *cells in table.itertuples()]
    return Pivot(head, [[None if _missing(cell) else cell for cell in row] for row in rows], len(index), notes)


def _heading(key: object, statistics: list[str], values: list[str]) -> str:
    """The statistic and the value, unless there is one of these only, then the names of the columns."""
    statistic, value, *names = key if isinstance(key, tuple) else (key,)
    parts = [str(name) for name in names]
    if len(values) > 1 or not names:
        parts.insert(0, str(value))
    if len(statistics) > 1 or not names:
        parts.insert(0, str(statistic))
    return " ".join(parts)


def _missing(cell: object) -> bool:
    return isinstance(cell, float) and cell != cell


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
