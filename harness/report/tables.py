"""Tables as they are drawn: on the terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

Rows = Sequence[Sequence[str]]
UNSEEN_WIDTH = 180  # where nobody looks at a terminal
COLOURS = {
    "native": "green",
    "custom": "yellow",
    "agrees": "green",
    "complete": "green",
    "unverified": "yellow",
    **dict.fromkeys(("diverges", "unsupported", "gone", "crashed"), "bold red"),
}


def console() -> Console:
    seen = Console(highlight=False)
    return seen if seen.is_terminal else Console(width=UNSEEN_WIDTH, highlight=False)


def draw(
    on: Console,
    title: str,
    head: Sequence[str],
    rows: Rows,
    prose: Sequence[str] = (),
    colours: Mapping[str, str] = COLOURS,
) -> None:
    """`prose` names the columns that may wrap; on a narrow terminal all do."""
    wide = on.width >= UNSEEN_WIDTH
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=wide and name not in prose)
    for row in rows:
        table.add_row(*(coloured(cell, colours) for cell in row))
    on.print(table)


def as_markdown(head: Sequence[str], rows: Rows) -> str:
    """A table in GitHub's Markdown."""
    from tabulate import tabulate

    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return str(tabulate(cells, list(head), tablefmt="github", disable_numparse=True))


def coloured(text: str, colours: Mapping[str, str] = COLOURS) -> str:
    """A word of a verdict in its colour."""
    colour = colours.get(text)
    return f"[{colour}]{text}[/]" if colour else escape(text)
