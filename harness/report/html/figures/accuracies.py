"""The test accuracy of every run of a study, by variant and arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import marker
from harness.report.plots import COLOURS
from harness.report.study_record import StudyRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_VARIANTS = 40


def accuracies_by_variant(study: StudyRecord) -> FigureBlock | None:
    """The plot; None where fewer than two runs have an accuracy."""
    rows = [
        {
            "variant": study.variant_of(run),
            "seed": study.seed_of(run),
            "arm": trace.arm.name,
            "accuracy": trace.epochs[-1].test_accuracy,
        }
        for run in study.runs
        for trace in run.traces
        if trace.epochs and trace.epochs[-1].test_accuracy is not None
    ]
    table = pd.DataFrame(rows)
    if len(table) < 2 or table["variant"].nunique() > MOST_VARIANTS:
        return None
    table["accuracy"] = table["accuracy"].astype(float)
    means = table.groupby(["variant", "arm"], sort=False)["accuracy"].agg(["mean", "min", "max"])
    parts = [
        f"{' '.join(filter(None, map(str, key)))} {row['mean']:.2%} ({row['min']:.2%} to {row['max']:.2%})"
        for key, row in zip(means.index.tolist(), means.to_dict("records"), strict=True)
    ]
    text = f"Test accuracy of {len(table)} trainings, the mean and the range over the seeds: {'; '.join(parts)}."
    size = (7.2, 1.4 + 0.32 * table["variant"].nunique() * table["arm"].nunique())
    return FigureBlock("accuracies", "Test accuracy by variant and arm", text, table, lambda f: _draw(f, table), size)


def _draw(figure: Figure, table: pd.DataFrame) -> None:
    axes = figure.subplots()
    arms = list(dict.fromkeys(table["arm"]))
    labels = []
    for place, ((variant, arm), rows) in enumerate(table.groupby(["variant", "arm"], sort=False)):
        number = arms.index(arm)
        style: dict[str, Any] = {
            "color": COLOURS[number % len(COLOURS)],
            "marker": marker(number),
            "markersize": 5,
            "alpha": 0.75,
        }
        axes.plot(100 * rows["accuracy"], [place] * len(rows), linestyle="none", **style)
        labels.append(" ".join(filter(None, map(str, (variant, arm)))))
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("test accuracy, %")
