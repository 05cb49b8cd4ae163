"""How long the arms of a run took: a step in each epoch, and the parts of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from harness.records.trace import Trace
from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import look, marker
from harness.report.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HATCHES = ("", "///", "\\\\\\", "xx", "||")  # of lines: dots would be a curve each


def step_times(traces: Sequence[Trace]) -> FigureBlock | None:
    """The plot; None where no arm has trained."""
    rows = [
        {"arm": trace.arm.name, "epoch": record.epoch + 1, "step_ms": 1e3 * record.epoch_time_s / len(record.losses)}
        for trace in traces
        for record in trace.epochs
    ]
    parts = [{"arm": t.arm.name, **_parts_s(t)} for t in traces if t.epochs]
    if not rows:
        return None
    table, spent = pd.DataFrame(rows), pd.DataFrame(parts)
    medians = table.groupby("arm", sort=False)["step_ms"].median()
    text = "; ".join(f"{arm} takes {value:.3g} ms" for arm, value in medians.items())
    numbers = pd.concat([table, spent])
    description = f"Time of a step, the mean of each epoch; the median over the epochs: {text}."
    return FigureBlock(
        "step-times", "Time of a step, and of the whole", description, numbers, lambda f: _draw(f, table, spent)
    )


def _parts_s(trace: Trace) -> dict[str, float]:
    """The seconds of each part of an arm's work that was measured."""
    training = sum(record.epoch_time_s for record in trace.epochs)
    return {"import": trace.import_time_s or 0.0, "compile": trace.compile_time_s or 0.0, "training": training}


def _draw(figure: Figure, table: pd.DataFrame, spent: pd.DataFrame) -> None:
    columns = {name: list(spent[name]) for name in spent.columns if name != "arm"}
    if table["epoch"].nunique() == 1:
        stacked(figure.subplots(), list(spent["arm"]), columns)
        return
    steps, parts = figure.subplots(1, 2, width_ratios=(3, 2))
    for number, (arm, rows) in enumerate(table.groupby("arm", sort=False)):
        steps.plot(rows["epoch"], rows["step_ms"], marker=marker(number), markersize=3.5, label=arm, **look(number))
    steps.set_xlabel("epoch")
    steps.set_ylabel("time of a step, ms")
    steps.set_ylim(bottom=0)
    steps.locator_params(axis="x", integer=True)
    steps.legend()
    stacked(parts, list(spent["arm"]), columns)


def stacked(axes: Axes, names: Sequence[str], parts_s: Mapping[str, Sequence[float]]) -> None:
    """A horizontal bar for each name, of its parts in seconds one behind the other."""
    left = [0.0] * len(names)
    places = range(len(names))
    for number, (part, seconds) in enumerate(parts_s.items()):
        colour, hatch = COLOURS[number % len(COLOURS)], HATCHES[number // len(COLOURS) % len(HATCHES)]
        axes.barh(places, seconds, left=left, color=colour, label=part, height=0.55, hatch=hatch, edgecolor="#ffffff")
        left = [start + more for start, more in zip(left, seconds, strict=True)]
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.grid(visible=False, axis="y")
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3)
