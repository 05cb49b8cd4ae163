"""The time of a step of every row of a bench, process by process, with the interval of its median."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from harness.report.bench_record import BenchRecord
from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import marker
from harness.report.plots import COLOURS
from harness.subjects.bench.outcome import in_ms

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bench_steps(record: BenchRecord) -> FigureBlock | None:
    """The plot; None where nothing was timed."""
    timed = [row for row in record.rows if row.processes]
    if record.timings is None or not timed:
        return None
    medians = {p.number: record.timings.median_step_s(p.number) for row in timed for p in row.processes}
    table = pd.DataFrame(
        [
            {"row": row.row.name, "round": p.round + 1, "step_ms": 1e3 * medians[p.number]}
            for row in timed
            for p in row.processes
        ]
    )
    intervals = {row.row.name: (1e3 * row.step_s.low, 1e3 * row.step_s.high) for row in timed}
    text = "; ".join(f"{row.row.name} {in_ms(row.step_s)}" for row in timed)
    description = f"Median time of a step of each process, and the interval of their median: {text}."
    size = (7.2, 1.3 + 0.5 * len(timed))
    draw = lambda figure: _draw(figure, table, intervals)  # noqa: E731
    return FigureBlock("bench-steps", "Time of a step by process", description, table, draw, size)


def _draw(figure: Figure, table: pd.DataFrame, intervals: dict[str, tuple[float, float]]) -> None:
    axes = figure.subplots()
    for place, (name, rows) in enumerate(table.groupby("row", sort=False)):
        low, high = intervals[str(name)]
        if math.isfinite(low) and math.isfinite(high):
            axes.fill_betweenx([place - 0.3, place + 0.3], low, high, color=COLOURS[place % len(COLOURS)], alpha=0.25)
        offsets = np.linspace(-0.22, 0.22, len(rows)) if len(rows) > 1 else np.zeros(1)
        style: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)], "marker": marker(place), "markersize": 4}
        axes.plot(rows["step_ms"], place + offsets, linestyle="none", **style)
    axes.set_yticks(range(len(intervals)), list(intervals))
    axes.set_ylim(len(intervals) - 0.5, -0.5)
    axes.set_xlabel("time of a step, ms")
