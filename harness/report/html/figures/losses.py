"""Loss and accuracy of the arms, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from harness.records.trace import Trace
from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import look, marker

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 2  # epochs of which a line can be drawn


def losses(traces: Sequence[Trace]) -> FigureBlock | None:
    """The plot; None where no arm has trained long enough for a line."""
    rows = [
        {
            "arm": trace.arm.name,
            "epoch": record.epoch + 1,
            "train_loss": sum(record.losses) / len(record.losses),
            "test_loss": record.test_loss,
            "test_accuracy": record.test_accuracy,
        }
        for trace in traces
        for record in trace.epochs
    ]
    table = pd.DataFrame(rows)
    if table.empty or table["epoch"].max() < FEWEST:
        return None
    last = table.groupby("arm", sort=False).last()
    parts = [f"{arm} ends at a test loss of {row['test_loss']:.6f}" for arm, row in last.iterrows()]
    text = f"Loss and test accuracy after each of {table['epoch'].max()} epochs: {'; '.join(parts)}."
    return FigureBlock("losses", "Loss and accuracy by epoch", text, table, lambda f: _draw(f, table))


def _draw(figure: Figure, table: pd.DataFrame) -> None:
    has_accuracy = table["test_accuracy"].notna().any()
    axes = figure.subplots(1, 2 if has_accuracy else 1, squeeze=False)[0]
    for number, (arm, rows) in enumerate(table.groupby("arm", sort=False)):
        style = look(number)
        points = {"marker": marker(number), "markersize": 3.5, "label": f"{arm}, test"}
        axes[0].plot(rows["epoch"], rows["test_loss"], **points, **style)
        axes[0].plot(rows["epoch"], rows["train_loss"], label=f"{arm}, training", alpha=0.5, **style)
        if has_accuracy:
            axes[1].plot(rows["epoch"], 100 * rows["test_accuracy"].astype(float), **points, **style)
    for panel, label in zip(axes, ("loss", "test accuracy, %"), strict=False):
        panel.set_xlabel("epoch")
        panel.set_ylabel(label)
        panel.locator_params(axis="x", integer=True)
    axes[0].legend(fontsize=7.5)
