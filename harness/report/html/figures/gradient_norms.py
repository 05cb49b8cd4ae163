"""The lengths of the gradients by layer, step by step, where they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import DASHES, columns_of, thinned
from harness.report.plots import COLOURS
from harness.results.recorded import RecordedArm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NORM = "gradient_norm/"
MOST_LAYERS = 12


def gradient_norms(arms: Sequence[RecordedArm]) -> FigureBlock | None:
    """The plot; None where no arm recorded norms."""
    columns = {
        f"{arm.trace.arm.name}/{name.removeprefix(NORM)}": pd.Series(values)
        for arm in arms
        for name, values in arm.columns.items()
        if name.startswith(NORM)
    }
    if not columns:
        return None
    table = pd.DataFrame(columns)
    table.insert(0, "step", range(len(table)))
    names = [arm.trace.arm.name for arm in arms if any(name.startswith(NORM) for name in arm.columns)]
    layers = list(dict.fromkeys(name.partition("/")[2] for name in columns))
    text = f"Length of the gradient of each of {len(layers)} parameters at {len(table):,} steps, of {', '.join(names)}."
    size = (7.2, 3.6)
    return FigureBlock(
        "gradient-norms", "Gradient norms by layer", text, table, lambda f: _draw(f, table, names, layers), size
    )


def _draw(figure: Figure, whole: pd.DataFrame, names: Sequence[str], layers: Sequence[str]) -> None:
    table = thinned(whole)
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for panel, arm in zip(panels, names, strict=True):
        norms = columns_of(table, arm)
        for number, layer in enumerate(layers[:MOST_LAYERS]):
            if layer in norms:
                style = DASHES[number // len(COLOURS) % len(DASHES)]
                line = norms[layer].where(norms[layer] > 0)
                panel.plot(table["step"], line, color=COLOURS[number % len(COLOURS)], linestyle=style, label=layer)
        panel.set_yscale("log")
        panel.set_title(arm, loc="left")
        panel.set_xlabel("step")
        panel.locator_params(axis="x", integer=True)
    panels[0].set_ylabel("norm of the gradient")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=4, fontsize=7.5)
