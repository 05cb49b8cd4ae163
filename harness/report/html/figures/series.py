"""What the plots of lines share: colours and dashes by arm, and fewer points where there are too many to see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from harness.report.plots import COLOURS

MOST_POINTS = 1200
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P")


def look(number: int) -> dict[str, Any]:
    """Colour and dashes of the line of the arm with this number: lines differ without their colours too."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def marker(number: int) -> str:
    """The mark of the points of the arm with this number."""
    return MARKERS[number % len(MARKERS)]


def thinned(table: pd.DataFrame, most: int = MOST_POINTS) -> pd.DataFrame:
    """Fewer rows where there are more than `most`: of every part of the table the rows that hold an extreme."""
    if len(table) <= most:
        return table
    columns = [name for name in table.columns if name != "step"]
    parts = np.array_split(np.arange(len(table)), max(1, most // (2 * len(columns))))
    kept = {0, len(table) - 1}
    for part in parts:
        for name in columns:
            values = table[name].to_numpy(np.float64)[part]
            if np.isfinite(values).any():
                kept |= {int(part[np.nanargmin(values)]), int(part[np.nanargmax(values)])}
    return table.iloc[sorted(kept)].reset_index(drop=True)


def columns_of(table: pd.DataFrame, prefix: str) -> dict[str, pd.Series]:
    """The columns whose names begin with `prefix/`, by the rest of their names."""
    names = [str(name) for name in table.columns if str(name).startswith(f"{prefix}/")]
    return {name.removeprefix(f"{prefix}/"): table[name] for name in names}
