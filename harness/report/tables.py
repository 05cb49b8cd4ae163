"""Tables and lines as they are drawn: on the terminal, or as Markdown. No text in them is markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.system.text import markdown, printable

Rows = Sequence[Sequence[str]]
Part = str | tuple[str, str]  # text, or text with its style
UNSEEN_WIDTH = 180  # where nobody looks at a terminal
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

    What has styles is a `line`, what has several lines a `paragraph`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **{**options, "markup": False, "emoji": False})


def console(unseen_width: int = UNSEEN_WIDTH) -> Screen:
    seen = Screen(highlight=False)
    return seen if seen.is_terminal else Screen(width=unseen_width, highlight=False)


def line(*parts: Part) -> Text:
    """One line of several styles."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((printable(text), style) for text, style in pairs))


def paragraph(text: str) -> Text:
    """Text that keeps its line breaks."""
    return Text(printable(text, lines=True))


def draw(
    on: Screen,
    title: str,
    head: Sequence[str],
    rows: Rows,
    prose: Sequence[str] = (),
    colours: Mapping[str, str] = COLOURS,
    paragraphs: Sequence[str] = (),
) -> None:
    """`prose` names the columns that may wrap; on a narrow terminal all do. `paragraphs` keep their line breaks."""
    wide = on.width >= UNSEEN_WIDTH
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=wide and name not in prose)
    for row in rows:
        named = zip(head, row, strict=True)
        table.add_row(
            *(paragraph(each) if name in paragraphs else line(coloured(each, colours)) for name, each in named)
        )
    on.print(table)


def as_markdown(head: Sequence[str], rows: Rows, trusted: bool = False) -> str:
    """A table in GitHub's Markdown. In one that is `trusted`, as on a page of ours, Markdown in a cell stays such."""
    from tabulate import tabulate

    first, *others = ([_trusted(cell) if trusted else markdown(cell) for cell in row] for row in (head, *rows))
    return str(tabulate(others, first, tablefmt="github", disable_numparse=True))


def _trusted(cell: str) -> str:
    return cell.replace("|", "\\|")


def coloured(text: str, colours: Mapping[str, str] = COLOURS) -> tuple[str, str]:
    """A word of a verdict and its colour."""
    return text, colours.get(text, "")
