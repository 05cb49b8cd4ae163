"""Tables outside a run: on the terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

Rows = Sequence[Sequence[str]]
UNSEEN_WIDTH = 160  # where nobody looks at a terminal
COLOURS = {
    "native": "green",
    "custom": "yellow",
    "unsupported": "bold red",
    "diverges": "green",  # what an entry's evidence should show
    "gone": "bold red",
    "crashed": "bold red",
    "unverified": "yellow",
}


def console() -> Console:
    seen = Console(highlight=False)
    return seen if seen.is_terminal else Console(width=UNSEEN_WIDTH, highlight=False)


def draw(on: Console, title: str, head: Sequence[str], rows: Rows, prose: Sequence[str] = ()) -> None:
    """`prose` names the columns that may wrap."""
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=name not in prose)
    for row in rows:
        table.add_row(*(_coloured(cell) for cell in row))
    on.print(table)


def as_markdown(head: Sequence[str], rows: Rows) -> str:
    from tabulate import tabulate

    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return str(tabulate(cells, list(head), tablefmt="github", disable_numparse=True))


def _coloured(text: str) -> str:
    colour = COLOURS.get(text)
    return f"[{colour}]{text}[/]" if colour else escape(text)
