"""Draws tables and lines on the terminal or as Markdown. Text in them is never read as markup."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.system.text import markdown, printable

Rows = Sequence[Sequence[str]]
Part = str | tuple[str, str]  # text, or text with its style
UNSEEN_WIDTH = 180  # columns where the output is no terminal
SCREEN_WIDTH = 80  # of what is to fit on any screen
GAP = 2  # columns behind each cell
COLOURS = {
    "native": "green",
    "custom": "yellow",
    "agrees": "green",
    "complete": "green",
    "unverified": "yellow",
    **dict.fromkeys(("diverges", "unsupported", "gone", "crashed"), "bold red"),
}


class Screen(Console):
    """A console on which a string is text and nothing else: no markup, no line break, no control character.

    Text with styles is made with `line`, text of several lines with `paragraph`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **{**options, "markup": False, "emoji": False})


def console(unseen_width: int = UNSEEN_WIDTH) -> Screen:
    """A screen on standard output, `unseen_width` columns wide where that is no terminal."""
    screen = Screen(highlight=False)
    return screen if screen.is_terminal else Screen(width=unseen_width, highlight=False)


def line(*parts: Part) -> Text:
    """One line of parts, each with or without a style."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((printable(text), style) for text, style in pairs))


def paragraph(text: str) -> Text:
    """Text in which line breaks are kept."""
    return Text(printable(text, lines=True))


def draw(
    screen: Screen,
    title: str,
    head: Sequence[str],
    rows: Rows,
    prose: Sequence[str] = (),
    colours: Mapping[str, str] = COLOURS,
    paragraphs: Sequence[str] = (),
) -> None:
    """Prints a table. `prose` names the columns that may wrap; on a narrow terminal all may.

    `colours` maps the text of a cell to its style. The columns in `paragraphs` keep their line breaks.
    """
    is_wide = screen.width >= UNSEEN_WIDTH
    is_tight = not is_wide and not _fits(head, rows, screen.width, is_tight=False)
    padding = (0, 1 if is_tight else GAP, 0, 0)
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None, padding=padding)
    widths = _widths(head, rows, is_tight)
    for name, width in zip(head, widths, strict=True):
        heading = paragraph("\n".join(textwrap.wrap(name, width))) if is_tight else name
        table.add_column(heading, overflow="fold", no_wrap=is_wide and name not in prose)
    for row in rows:
        cells = zip(head, row, strict=True)
        table.add_row(
            *(paragraph(cell) if name in paragraphs else line(coloured(cell, colours)) for name, cell in cells)
        )
    screen.print(table)


def fitted(
    table: tuple[Sequence[str], Rows], width: int, dispensable: Sequence[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """The table without its empty columns and, until it fits into `width`, without the `dispensable` ones in turn."""
    head, rows = table
    shown = [i for i in range(len(head)) if any(row[i] for row in rows)]
    for name in dispensable:
        if _fits([head[i] for i in shown], [[row[i] for i in shown] for row in rows], width, is_tight=True):
            break
        shown = [i for i in shown if head[i] != name]
    return [head[i] for i in shown], [[row[i] for i in shown] for row in rows]


def _fits(head: Sequence[str], rows: Rows, width: int, is_tight: bool) -> bool:
    """Whether a table needs no cell wrapped. In one that `is_tight`, headings wrap, and cells are one column apart."""
    return sum(each + (1 if is_tight else GAP) for each in _widths(head, rows, is_tight)) <= width


def _widths(head: Sequence[str], rows: Rows, is_tight: bool) -> list[int]:
    """How wide each column is; of a table that `is_tight`, as wide as the longest word of its heading needs."""
    headings = [max(name.split() or [""], key=cell_len) for name in head] if is_tight else head
    columns = zip(*([printable(cell) for cell in row] for row in (headings, *rows)), strict=True)
    return [max(1, *map(cell_len, column)) for column in columns]


def draw_labelled(screen: Screen, rows: Sequence[tuple[str, str]]) -> None:
    """Prints texts behind their labels, each wrapped beside its own."""
    grid = RichTable.grid(padding=(0, 1, 0, 0))
    for _ in range(3):
        grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(" ", line(label), line(text))
    screen.print(grid)


def as_markdown(head: Sequence[str], rows: Rows, trusted: bool = False) -> str:
    """A table in GitHub's Markdown. Where it is `trusted`, Markdown in the cells takes effect; else it is escaped."""
    from tabulate import tabulate

    header, *lines = ([_trusted(cell) if trusted else markdown(cell) for cell in row] for row in (head, *rows))
    return str(tabulate(lines, header, tablefmt="github", disable_numparse=True))


def _trusted(cell: str) -> str:
    """The cell with its bars escaped, which would else end it."""
    return cell.replace("|", "\\|")


def coloured(text: str, colours: Mapping[str, str] = COLOURS) -> tuple[str, str]:
    """A text and its colour in `colours`, empty where it has none."""
    return text, colours.get(text, "")
