"""The confusion matrices of the arms, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from harness.records.array_types import FloatArray
from harness.records.predictions import NO_LABEL
from harness.report.html.blocks import FigureBlock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADE = "#0072B2"
MOST_CLASSES = 30  # of which the cells can be read


def confusion_matrices(table: pd.DataFrame | None) -> FigureBlock | None:
    """The plot; None where predictions were not recorded by class, or there are too many classes."""
    if table is None or table.empty:
        return None
    classes = sorted({int(label) for label in table["label"]} | {int(label) for label in table["prediction"]})
    if len(classes) > MOST_CLASSES:
        return None
    arms = list(dict.fromkeys(map(str, table["arm"])))
    parts = []
    for arm in arms:
        rows = table[table["arm"] == arm]
        wrong = rows[rows["label"] != rows["prediction"]]
        text = (
            f"{arm} puts {int(wrong['count'].sum()):,} of {int(rows['count'].sum()):,} test images into a wrong class"
        )
        if len(wrong):
            most = wrong.iloc[int(wrong["count"].to_numpy().argmax())]
            text += f", most often {most['label']} into {most['prediction']} ({most['count']} times)"
        parts.append(text)
    size = (3.5 * min(len(arms), 3) + 0.2, 3.3 * -(-len(arms) // 3))
    description = f"{'; '.join(parts)}."
    draw = lambda figure: _draw(figure, table, arms, classes)  # noqa: E731
    return FigureBlock("confusion", "Confusion matrices", description, table, draw, size)


def _draw(figure: Figure, table: pd.DataFrame, arms: list[str], classes: list[int]) -> None:
    across = min(len(arms), 3)
    panels = figure.subplots(-(-len(arms) // across), across, squeeze=False).ravel()
    for panel, arm in zip(panels, arms, strict=False):
        rows = table[table["arm"] == arm]
        matrix = np.zeros((len(classes), len(classes)))
        for row in rows.to_dict("records"):
            matrix[classes.index(row["label"]), classes.index(row["prediction"])] = row["count"]
        _panel(panel, arm, matrix, classes)
    for panel in panels[len(arms) :]:
        panel.set_visible(False)


def _panel(axes: Axes, arm: str, matrix: FloatArray, classes: list[int]) -> None:
    """The counts, on squares that are the darker the larger their share of the row is."""
    from matplotlib.patches import Rectangle

    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for (row, column), count in np.ndenumerate(matrix):
        if not count:
            continue
        share = float((matrix / totals)[row, column])
        square = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(square, 1, 1, facecolor=SHADE, alpha=0.15 + 0.75 * share, linewidth=0))
        colour = "#fefefe" if share > 0.6 else "#000000"
        label = axes.text(column, row, f"{int(count)}", ha="center", va="center", fontsize=6.5, color=colour)
        label.set_in_layout(False)  # it lies within the axes
    names = ["none" if label == NO_LABEL else str(label) for label in classes]
    axes.set_xticks(range(len(classes)), names)
    axes.set_yticks(range(len(classes)), names)
    axes.set_xlim(-0.5, len(classes) - 0.5)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=7)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(arm, loc="left")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
