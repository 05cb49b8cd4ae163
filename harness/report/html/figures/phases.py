"""Where the time of a process of a bench goes, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from harness.report.bench_record import BenchRecord
from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.step_times import stacked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHORTEST_SHARE = 0.01  # of the longest process: shorter phases are drawn as one


def phases(record: BenchRecord) -> FigureBlock | None:
    """The plot; None where no process came to its end."""
    by_row = {row.row.name: row.phases for row in record.rows if row.phases}
    if not by_row:
        return None
    table = pd.DataFrame(by_row).T.clip(lower=0.0)
    longest = float(table.sum(axis=1).max())
    if longest == 0:
        return None
    shown = [name for name in table.columns if table[name].max() >= SHORTEST_SHARE * longest]
    drawn = table[shown].copy()
    drawn["all others"] = table.drop(columns=shown).sum(axis=1)
    parts = [
        f"{name} spends {row[shown].max():.2f} s in {str(row[shown].idxmax()).replace('_', ' ')}"
        for name, row in table.iterrows()
    ]
    text = f"Median seconds of each phase of a process; the longest phase of each row: {'; '.join(parts)}."
    numbers = table.reset_index(names="row")
    size = (7.2, 2.0 + 0.45 * len(by_row))
    return FigureBlock("phases", "Phases of a process", text, numbers, lambda figure: _draw(figure, drawn), size)


def _draw(figure: Figure, table: pd.DataFrame) -> None:
    columns = {str(name).replace("_", " "): list(table[name]) for name in table.columns}
    stacked(figure.subplots(), list(table.index), columns)
