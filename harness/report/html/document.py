"""A page, independent of its format: what it says, in order. All text in it is English and unescaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.report.html.blocks import Block, FigureBlock, Links, Picture, Pictures, TableBlock


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
    """A number that matters. `label` is a fixed phrase, `subject` the arms that it is of, `note` a clause on it.

    `is_name`: the value is a name, such as that of a rung, which is the same in every language.
    """

    label: str
    value: str
    subject: str = ""
    note: str = ""
    is_name: bool = False


@dataclass(frozen=True)
class Document:
    """A page. `sentence` begins with the status in capitals. `conditions`: what it is about, in sentences.

    `has_fixed_title`: the title is a phrase, and no name.
    """

    kind: str
    title: str
    sentence: str
    key_numbers: tuple[KeyNumber, ...] = ()
    conditions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    has_fixed_title: bool = False

    @property
    def status(self) -> str:
        """The status with which the sentence begins, in small letters."""
        word = self.sentence.partition(":")[0]
        return word.lower() if word.isupper() else ""

    def for_elsewhere(self) -> Document:
        """The page without its links, which lead nowhere from another folder."""
        kept = [
            replace(part, blocks=tuple(b for b in part.blocks if not isinstance(b, Links))) for part in self.sections
        ]
        return replace(self, sections=tuple(part for part in kept if not part.is_empty))

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
