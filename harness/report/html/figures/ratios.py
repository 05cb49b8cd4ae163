"""Ratios with their intervals, around the line of no change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from harness.report.html.blocks import FigureBlock
from harness.report.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Ratio:
    """The ratio of one row; without bounds where there is no interval."""

    name: str
    ratio: float | None
    low: float | None
    high: float | None

    @property
    def in_words(self) -> str:
        """`mindspore 1.02 (0.99 to 1.05)`."""
        bounds = f" ({self.low:.3f} to {self.high:.3f})" if self.is_bounded else ""
        return f"{self.name} {self.ratio:.3f}{bounds}"

    @property
    def is_bounded(self) -> bool:
        """Whether there is an interval."""
        return None not in (self.low, self.high) and math.isfinite(self.low or 0.0) and math.isfinite(self.high or 0.0)


def ratios(title: str, rows: Sequence[Ratio]) -> FigureBlock | None:
    """The plot; None without rows."""
    known = [row for row in rows if row.ratio is not None and math.isfinite(row.ratio)]
    if not known:
        return None
    table = pd.DataFrame([asdict(row) for row in known])
    text = f"Ratios, with their intervals where they are known: {'; '.join(row.in_words for row in known)}."
    size = (7.2, 1.3 + 0.34 * len(known))
    return FigureBlock("ratios", title, text, table, lambda figure: _draw(figure, known), size)


def _draw(figure: Figure, rows: Sequence[Ratio]) -> None:
    axes = figure.subplots()
    axes.axvline(1.0, color="#444444", linewidth=0.9, linestyle="--")
    for place, row in enumerate(rows):
        if row.is_bounded:
            bounds = np.array([row.low, row.high], np.float64)
            axes.plot(bounds, [place, place], color=COLOURS[0], linewidth=2.2)
        axes.plot(np.array([row.ratio], np.float64), [place], "o", color=COLOURS[0], markersize=5)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("ratio")
