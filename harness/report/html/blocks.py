"""The blocks of a page, independent of its format. All text in them is English and unescaped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.report.language.page import NAMES
from harness.report.rows import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# How the text of a cell is read: as a name, which is the same in every language, as a short text, as a number, as a
# word with a symbol, as a fixed phrase, or as a sentence.
CellKind = Literal["name", "text", "number", "status", "phrase", "sentence"]
KIND_BY_HEAD: Mapping[str, CellKind] = {
    **dict.fromkeys(NAMES, "name"),
    **dict.fromkeys(("verdict", "status", "answer", "parity", "expected", "differs"), "status"),
    **dict.fromkeys(("cause", "how", "found", "why", "notes", "what it is", "instead"), "sentence"),
}
NUMBER_STARTS = "0123456789+-.∞−"


@dataclass(frozen=True)
class Column:
    """The head of a column, and how its cells are read. `is_name`: the head is a name, such as that of an arm."""

    head: str
    kind: CellKind = "text"
    is_name: bool = False


@dataclass(frozen=True)
class TableBlock:
    """A table. `marked`: the rows that are to be seen first, such as differences. `notes`: sentences below it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    marked: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls,
        title: str,
        table: Table,
        notes: Sequence[str] = (),
        marked: Sequence[int] = (),
        kinds: Mapping[str, CellKind] | None = None,
        names: Sequence[str] = (),
    ) -> TableBlock:
        """A table as `report.md` has it, without the columns that no row fills.

        A column whose cells all begin like numbers is one of numbers. `kinds`: those of further columns, by head.
        `names`: the heads that are names.
        """
        head, rows = table
        filled = [i for i in range(len(head)) if any(row[i] for row in rows)]
        known = {**KIND_BY_HEAD, **(kinds or {})}
        columns = [
            Column(head[i], known.get(head[i]) or _kind_of([row[i] for row in rows]), head[i] in names) for i in filled
        ]
        cells = tuple(tuple(row[i] for i in filled) for row in rows)
        return cls(title, tuple(columns), cells, tuple(notes), frozenset(marked))


def _kind_of(cells: Sequence[str]) -> CellKind:
    words = [cell for cell in cells if cell]
    return "number" if words and all(word[0] in NUMBER_STARTS for word in words) else "text"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """Other pages: their names, and where they are, relative to the folder that the page is made of."""

    title: str
    targets: tuple[tuple[str, str], ...]

    @classmethod
    def to(cls, title: str, places: Mapping[str, str]) -> Links:
        """Links to the pages of folders below, by the names that are shown."""
        return cls(title, tuple((name, f"./{quote(place)}/report.md") for name, place in places.items()))


@dataclass(frozen=True)
class FigureBlock:
    """A plot. `description` says in words what it shows; `numbers` are what is drawn, and `draw` draws them.

    `name` is unique on the page. `size`: width and height in inches.
    """

    name: str
    title: str
    description: str
    numbers: pd.DataFrame
    draw: Callable[[Canvas], None] = field(compare=False)
    size: tuple[float, float] = (7.2, 3.4)

    @property
    def digest(self) -> str:
        """The SHA-256 of the numbers as CSV, to nine digits: another processor may add in another order."""
        return hashlib.sha256(self.numbers.to_csv(index=False, float_format="%.9g").encode()).hexdigest()


@dataclass(frozen=True)
class Picture:
    """A picture in shades of grey, (H, W) of uint8, with its text alternative and the lines below it."""

    name: str
    pixels: NDArray[Any]
    alternative: str
    lines: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the shape and the pixels."""
        pixels = np.ascontiguousarray(self.pixels)
        return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


@dataclass(frozen=True)
class Pictures:
    """A sheet of pictures."""

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Evidence:
    """One check: its facts as (name, value, how the value is read)."""

    title: str
    status: str
    facts: tuple[tuple[str, str, CellKind], ...]


@dataclass(frozen=True)
class RungEntry:
    """A rung of the ladder. `share`: the largest error as a share of its tolerance, None where none was measured."""

    name: str
    compares: str
    status: str
    checks: int
    known: int
    share: float | None
    where: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Ladder:
    """The rungs in their order."""

    rungs: tuple[RungEntry, ...]


Block = TableBlock | Items | Prose | Links | FigureBlock | Pictures | Ladder
