"""The arithmetic rate of every row of a bench beside the fastest matrix product of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from harness.report.bench_record import BenchRecord
from harness.report.html.blocks import FigureBlock
from harness.report.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def roofline(record: BenchRecord) -> FigureBlock | None:
    """The plot; None where the rate of no row, or the roofline, is known."""
    rows: list[dict[str, Any]] = []
    for row in record.rows:
        rate, roof = record.flops_per_s(row), record.roofline(row)
        if rate is not None and roof is not None:
            rows.append({"row": row.row.name, "gflops": rate / 1e9, "roof": roof.product_flops_per_s / 1e9})
    if not rows:
        return None
    table = pd.DataFrame(rows)
    shares = [f"{row['row']} {row['gflops']:.3g} GFLOP/s, {row['gflops'] / row['roof']:.0%}" for row in rows]
    text = f"Arithmetic rate of a training step, and its share of the fastest matrix product: {'; '.join(shares)}."
    size = (7.2, 1.4 + 0.4 * len(rows))
    return FigureBlock(
        "roofline", "Arithmetic rate and roofline", text, table, lambda figure: _draw(figure, table), size
    )


def _draw(figure: Figure, table: pd.DataFrame) -> None:
    axes = figure.subplots()
    places = range(len(table))
    axes.barh(places, table["gflops"], height=0.5, color=COLOURS[0], label="training step")
    for place, roof in zip(places, table["roof"], strict=True):
        label = "fastest matrix product" if place == 0 else None
        axes.plot([roof, roof], [place - 0.35, place + 0.35], color=COLOURS[1], linewidth=2.4, label=label)
    axes.set_yticks(places, list(table["row"]))
    axes.invert_yaxis()
    axes.set_xlabel("GFLOP/s")
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower left", ncols=2)
