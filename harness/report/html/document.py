"""A page, independent of its format: what it says, in order. All text in it is English and unescaped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.report.rows import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# How the text of a cell is read: as it is, as a number, as a word with a symbol, or as a sentence that is translated.
CellKind = Literal["text", "number", "status", "sentence", "link"]
KIND_BY_HEAD: Mapping[str, CellKind] = {
    **dict.fromkeys(("verdict", "status", "answer", "parity", "expected", "differs"), "status"),
    **dict.fromkeys(("cause", "how", "found", "why", "notes", "what it is", "instead"), "sentence"),
}
NUMBER_STARTS = "0123456789+-.∞−"


@dataclass(frozen=True)
class Column:
    """The head of a column, and how its cells are read."""

    head: str
    kind: CellKind = "text"


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
    ) -> TableBlock:
        """A table as `report.md` has it, without the columns that no row fills.

        A column whose cells all begin like numbers is one of numbers. `kinds`: those of further columns, by head.
        """
        head, rows = table
        filled = [i for i in range(len(head)) if any(row[i] for row in rows)]
        known = {**KIND_BY_HEAD, **(kinds or {})}
        columns = [Column(head[i], known.get(head[i]) or _kind_of([row[i] for row in rows])) for i in filled]
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
    """Other pages: their names, and where they are, relative to this page."""

    title: str
    targets: tuple[tuple[str, str], ...]


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


@dataclass(frozen=True)
class Section:
    """A part of a page. `parts`: sections within it. A `folded` one is opened by the reader."""

    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()
    folded: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.blocks and all(part.is_empty for part in self.parts)


@dataclass(frozen=True)
class KeyNumber:
    """A number that matters. `label` is a fixed phrase, `subject` the arms that it is of, `note` a clause on it."""

    label: str
    value: str
    subject: str = ""
    note: str = ""


@dataclass(frozen=True)
class Document:
    """A page. `sentence` begins with the status in capitals. `conditions`: what it is about, in sentences."""

    kind: str
    title: str
    sentence: str
    key_numbers: tuple[KeyNumber, ...] = ()
    conditions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def status(self) -> str:
        """The status with which the sentence begins, in small letters."""
        word = self.sentence.partition(":")[0]
        return word.lower() if word.isupper() else ""

    def blocks(self) -> list[Block]:
        """All blocks of all sections, in order."""
        return [block for section in self.sections for block in _blocks(section)]

    @property
    def figures(self) -> list[FigureBlock]:
        """The plots, in order."""
        return [block for block in self.blocks() if isinstance(block, FigureBlock)]

    @property
    def tables(self) -> list[TableBlock]:
        """The tables, in order."""
        return [block for block in self.blocks() if isinstance(block, TableBlock)]

    @property
    def pictures(self) -> list[Picture]:
        """The pictures, in order."""
        sheets = [block for block in self.blocks() if isinstance(block, Pictures)]
        return [picture for sheet in sheets for picture in sheet.pictures]


def _blocks(section: Section) -> list[Block]:
    return [*section.blocks, *(block for part in section.parts for block in _blocks(part))]


def _says_nothing(block: Block) -> bool:
    """Whether a table has no row, or only the names of its rows."""
    return isinstance(block, TableBlock) and (not block.rows or len(block.columns) < 2)


def section(title: str, *blocks: Block | None, parts: Sequence[Section] = (), folded: bool = False) -> Section:
    """A section without the blocks that are None, tables without rows and sections without content."""
    present = [block for block in blocks if block is not None and not _says_nothing(block)]
    return Section(title, tuple(present), tuple(part for part in parts if not part.is_empty), folded)
