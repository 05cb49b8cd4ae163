"""Draws tables and lines on the terminal or as Markdown. Text in them is never read as markup."""

from __future__ import annotations

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
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None, padding=(0, GAP, 0, 0))
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=is_wide and name not in prose)
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
    widths = [max(cell_len(printable(cell)) for cell in (head[i], *(row[i] for row in rows))) for i in range(len(head))]
    for name in dispensable:
        if sum(widths[i] + GAP for i in shown) <= width:
            break
        shown = [i for i in shown if head[i] != name]
    return [head[i] for i in shown], [[row[i] for i in shown] for row in rows]


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
