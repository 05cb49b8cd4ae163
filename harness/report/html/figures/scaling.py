"""How the time of a step grows with the value of a swept key: the picture of `report.md`, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harness.report.html.blocks import FigureBlock
from harness.report.scaling import draw_scaling
from harness.report.scaling_folder import Rows
from harness.subjects.bench.growth import Growth


def scaling(key: str, sizes: Sequence[float], rows: Rows, fits: Mapping[str, Growth]) -> FigureBlock:
    """The plot."""
    table = pd.DataFrame(
        [
            {"row": name, "size": size, "step_s": row.step_s.estimate, "low": row.step_s.low, "high": row.step_s.high}
            for name, summaries in rows.items()
            for size, row in zip(sizes, summaries, strict=True)
            if row is not None and row.processes
        ]
    )
    grown = [f"{name} grows like {fit.in_words(key)}" for name, fit in fits.items()]
    text = f"Time of a step at {len(sizes)} values{': ' if grown else ''}{'; '.join(grown)}."
    draw = lambda figure: draw_scaling(figure, key, sizes, rows, fits)  # noqa: E731
    return FigureBlock("scaling", "Time of a step by value", text, table, draw)
