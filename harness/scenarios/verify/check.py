"""One recorded file, held against what follows from others of its folder.

Numbers are equal to nine digits, because another processor may add in another order; all else is equal as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.results.files import NOT_READ
from harness.results.recorded import ReadingFailure

DIGITS = 1e-9
MOST_CELLS = 3  # of a table, that are named one by one
Answer = Literal["follows", "differs", "damaged", "unverified"]


@dataclass(frozen=True)
class Check:
    """`file`: its place in the folder. `source`: from what it was recomputed. `problem`: empty where it follows."""

    file: str
    source: str
    answer: Answer
    problem: str = ""

    def below(self, place: str) -> Check:
        """The check of a folder below, as one of the folder above."""
        return replace(self, file=f"{place}/{self.file}")


def held(file: str, source: str, differences: Callable[[], Iterable[str]]) -> Iterator[Check]:
    """A check for each difference, or one that follows; where something cannot be read, one that says so."""
    try:
        problems = list(differences())
    except NOT_READ as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        yield Check(file, source, "damaged", f"cannot be recomputed: {reason}")
        return
    yield from (Check(file, source, "differs", problem) for problem in problems)
    if not problems:
        yield Check(file, source, "follows")


def unreadable(file: str, read: Callable[[], object]) -> list[Check]:
    """A check that says why a file cannot be read; empty where it can."""

    def nothing() -> Iterable[str]:
        read()
        return ()

    return [check for check in held(file, "its form", nothing) if check.answer == "damaged"]


def damaged(failures: Iterable[ReadingFailure], source: str = "its digest") -> Iterator[Check]:
    """A check for each file that is missing, has changed, or holds what it cannot."""
    for failure in failures:
        yield Check(failure.file, source, "damaged", failure.message)


def names(checks: Iterable[Check], file: str) -> bool:
    """Whether one of the checks is of this file."""
    return any(check.file == file for check in checks)


def field_differences(recorded: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """A clause for each expected field that is recorded otherwise."""
    for name, value in expected.items():
        if not same(recorded.get(name), value):
            yield f"{name} is {shown(recorded.get(name))}, and {shown(value)} follows"


def table_differences(recorded: pd.DataFrame, expected: pd.DataFrame, keys: Sequence[str] = ()) -> Iterator[str]:
    """A clause for each of the first cells that differ. `keys`: the columns that name a row."""
    for name in expected.columns:
        if name not in recorded.columns:
            yield f"has no column {name}"
    for name in recorded.columns:
        if name not in expected.columns:
            yield f"has a column {name}, which follows from nothing"
    if len(recorded) != len(expected):
        yield f"has {len(recorded)} rows, and {len(expected)} follow"
        return
    cells = list(_differing_cells(recorded, expected, keys))
    yield from cells[:MOST_CELLS]
    if len(cells) > MOST_CELLS:
        yield f"{len(cells) - MOST_CELLS} more cells differ"


def _differing_cells(recorded: pd.DataFrame, expected: pd.DataFrame, keys: Sequence[str]) -> Iterator[str]:
    names = [name for name in expected.columns if name in recorded.columns]
    rows = zip(recorded.to_dict("records"), expected.to_dict("records"), strict=True)
    for number, (row, wanted) in enumerate(rows):
        key = ", ".join(str(wanted[name]) for name in keys if wanted.get(name) not in (None, ""))
        for name in names:
            if not same(row[name], wanted[name]):
                where = f"row {number}{f' ({key})' if key else ''}, column {name}"
                yield f"{where}: {shown(row[name])} is recorded, and {shown(wanted[name])} follows"


def text_differences(recorded: str, expected: str) -> Iterator[str]:
    """A clause on the first line that differs."""
    lines = zip_longest(recorded.splitlines(), expected.splitlines())
    for number, (line, wanted) in enumerate(lines, 1):
        if line != wanted:
            yield f"line {number} is {shown(line)}, and {shown(wanted)} follows"
            return


def same(value: Any, other: Any) -> bool:
    """Whether two cells are the same; a missing number is None or NaN."""
    value, other = _plain(value), _plain(other)
    if (isinstance(value, float) and isinstance(other, (int, float))) or isinstance(other, float):
        return isinstance(value, (int, float)) and _close(float(value), float(other))
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    return bool(value == other)


def _close(value: float, other: float) -> bool:
    return value == other or math.isclose(value, other, rel_tol=DIGITS)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value


def shown(value: Any) -> str:
    """A value in a sentence; long text is cut."""
    value = _plain(value)
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
