"""The catalogue on the terminal: lists of runs and tables, to read or for scripts. Loads neither pandas nor a spec."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

import pyarrow as pa

from harness.report.tables import COLOURS, SCREEN_WIDTH, as_markdown, console, draw, line
from harness.results.catalogue.columns import ARM, RUN, RUNG
from harness.scenarios.catalogue.listing import Listing
from harness.scenarios.catalogue.pivot import Pivot
from harness.system.output import say_on_stderr
from harness.system.plain import finite
from harness.system.text import printable

SCHEMA = 1  # raised when a field changes its meaning or goes; a new field leaves it
Format = Literal["text", "json", "csv", "markdown", "latex"]
MOST_DRAWN = 200  # rows; more are aligned without the help of a library that measures every cell
MOST_REASONS = 8
HEAD = ("run", "verdict", "accuracy", "step")
COLOURED = {**COLOURS, **dict.fromkeys(("damaged", "slower", "lower", "interrupted", "unfinished"), "bold red")}
COLOURED |= {"known": "green", "timed": "green", "passed": "green", "undecided": "yellow", "running": "yellow"}


def notes(texts: Sequence[str]) -> None:
    """Says what the user should know beside the answer, on standard error."""
    for text in texts:
        say_on_stderr(text)


def show_list(listing: Listing, form: Format, root: str) -> None:
    """Prints the runs of a listing."""
    notes(listing.notes)
    if form == "json":
        rows = finite([without_hidden(row) for row in listing.table.to_pylist()])
        put(json.dumps({"schema": SCHEMA, "root": root, "count": listing.count, "runs": rows}, default=_plain))
    elif form == "csv":
        put(as_csv(listing.table.select(list(RUN))), end="")
    else:
        _show_runs(listing, root)


def _show_runs(listing: Listing, root: str) -> None:
    screen, rows = console(SCREEN_WIDTH), listing.table.to_pylist()
    if not rows:
        screen.print(f"no runs in {root} that fit" if listing.count == 0 else "", soft_wrap=True)
        return
    show_table(HEAD, [_cells(row) for row in rows])
    troubled = [row for row in rows if row["status"] in ("damaged", "unfinished") and row["reason"]]
    for row in troubled[:MOST_REASONS]:
        screen.print(line((row["status"], "bold red"), f" {row['run']}: {row['reason']}"), soft_wrap=True)
    if len(troubled) > MOST_REASONS:
        screen.print(f"and {len(troubled) - MOST_REASONS} more: twinrun list status=damaged,unfinished --limit 0")
    if len(rows) < listing.count:
        screen.print(f"{len(rows)} of {listing.count:,} runs; --limit 0 shows all", soft_wrap=True)


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table, as it fits the terminal; a long one in lines as long as they are."""
    screen = console(SCREEN_WIDTH)
    if len(rows) <= MOST_DRAWN:
        draw(screen, "", list(head), list(rows), prose=tuple(head), colours=COLOURED)
        return
    cells = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        put("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_answer(table: pa.Table, form: Format) -> None:
    """Prints the answer to a query."""
    if form == "json":
        lists = [list(row.values()) for row in _renamed(table).to_pylist()]
        put(json.dumps({"schema": SCHEMA, "columns": table.column_names, "rows": finite(lists)}, default=_plain))
    elif form == "csv":
        put(as_csv(table), end="")
    else:
        cells = [[cell_text(value) for value in row.values()] for row in _renamed(table).to_pylist()]
        if form == "markdown":
            put(as_markdown(table.column_names, cells))
        elif table.num_rows:
            show_table(table.column_names, cells)
        else:
            put("no rows")


def show_pivot(pivot: Pivot, form: Format) -> None:
    """Prints the table of statistics."""
    notes(pivot.notes)
    cells = [[cell_text(value) for value in row] for row in pivot.rows]
    if form == "csv":
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([pivot.head, *pivot.rows])
        put(stream.getvalue(), end="")
    elif form == "latex":
        from tabulate import tabulate

        put(tabulate([list(map(printable, row)) for row in cells], pivot.head, "latex_booktabs", disable_numparse=True))
    elif form == "markdown":
        put(as_markdown(pivot.head, cells))
    elif not cells:
        put("no arms that fit")
    else:
        show_table(pivot.head, cells)


def _renamed(table: pa.Table) -> pa.Table:
    """The table with its columns numbered: an answer may have two of one name, and a row as a mapping not."""
    return table.rename_columns([str(number) for number in range(table.num_columns)])


def as_csv(table: pa.Table) -> str:
    """The table as CSV. On a terminal, text that it would obey is escaped."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.column_names)
    is_seen = sys.stdout.isatty()
    for row in _renamed(table).to_pylist():
        cells = ("" if v is None else v if isinstance(v, str | int | float) else cell_text(v) for v in row.values())
        writer.writerow([printable(cell) if is_seen else cell for cell in cells])
    return stream.getvalue()


def put(text: str, end: str = "\n") -> None:
    """Writes text that has been made safe, or is for scripts."""
    sys.stdout.write(text + end)


def without_hidden(row: dict[str, Any]) -> dict[str, Any]:
    """The row as scripts see it, without what the index keeps for itself."""
    return {key: value for key, value in row.items() if key not in ("stamp", "refers_to")}


def cell_text(value: object) -> str:
    """A value as text for a cell: numbers in seven digits, nothing for what is missing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value) if isinstance(value, str | int | date) else json.dumps(value, default=_plain)


def _cells(row: dict[str, Any]) -> list[str]:
    arms = row["arms"] or []
    return [
        row["run"],
        row["verdict"] if row["status"] in ("complete", "unmarked") else row["status"],
        _by_arm(arms, "test_accuracy", lambda value: f"{value:.2%}"),
        _by_arm(arms, "step_time_s", lambda value: f"{1e3 * value:.2f}", " ms"),
    ]


def _by_arm(arms: Sequence[dict[str, Any]], column: str, text: Any, unit: str = "") -> str:
    """The values of the arms in their order, `-` for one that has none; empty where none has one."""
    values = [arm[column] for arm in arms]
    if all(value is None for value in values):
        return ""
    return " ".join("-" if value is None else text(value) for value in values) + unit


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def show_columns() -> None:
    """Prints the tables of the catalogue and what their columns mean."""
    for name, columns in {
        "runs": RUN,
        "arms": {"run": RUN["run"], **ARM},
        "rungs": {"run": RUN["run"], **RUNG},
    }.items():
        rows = [[column, str(kind), meaning] for column, (kind, meaning) in columns.items()]
        draw(console(SCREEN_WIDTH), name, ["column", "type", "what"], rows, prose=("what",))
