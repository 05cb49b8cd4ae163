"""The tables of a page for other programs: one CSV and one LaTeX file each."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from harness.report.html.blocks import TableBlock
from harness.report.html.document import Document
from harness.results.store import write_text
from harness.system.text import printable

FOLDER = "tables"
LONGEST_NAME = 60


def table_texts(document: Document) -> dict[str, str]:
    """The text of every file, by its place: `tables/by_rung.csv`, `tables/by_rung.tex`."""
    texts: dict[str, str] = {}
    for block in document.tables:
        name = _free_name(block.title, texts)
        texts[f"{FOLDER}/{name}.csv"] = _frame(block).to_csv(index=False)
        texts[f"{FOLDER}/{name}.tex"] = _latex(block)
    return texts


def write_tables(document: Document, folder: Path) -> None:
    """Writes all of them into a folder that exists."""
    for place, text in table_texts(document).items():
        (folder / place).parent.mkdir(exist_ok=True)
        write_text(folder / place, text)


def _frame(block: TableBlock) -> pd.DataFrame:
    rows = [[printable(cell) for cell in row] for row in block.rows]
    heads: list[str] = []
    for column in block.columns:
        same = sum(head == column.head or head.startswith(f"{column.head} ") for head in heads)
        heads.append(column.head if not same else f"{column.head} {same + 1}")  # a file needs names of its own
    return pd.DataFrame(rows, columns=heads)


def _latex(block: TableBlock) -> str:
    """A `tabular` with the rules of the package booktabs, every character of LaTeX escaped; its title is a comment.

    It is read with `\\input` within a `table`, which has the caption that the text needs.
    """
    alignment = "".join("r" if column.kind == "number" else "l" for column in block.columns)
    styler = _frame(block).style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    return f"% {printable(block.title)}\n{styler.to_latex(hrules=True, column_format=alignment)}"


def _free_name(title: str, taken: dict[str, str]) -> str:
    """A name for files, of letters, digits and underscores, that no table has yet."""
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:LONGEST_NAME] or "table"
    number = 1
    while f"{FOLDER}/{name if number == 1 else f'{name}_{number}'}.csv" in taken:
        number += 1
    return name if number == 1 else f"{name}_{number}"
