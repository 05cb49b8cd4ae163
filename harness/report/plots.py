"""The picture of a run's free runs in the chaos envelope."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from harness.system.writing import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Colours that the colour-blind tell apart too: Wong, Nature Methods 8, 441 (2011).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
BAND = "#BBBBBB"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def envelope_plot(path: Path, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Draws what `harness.rungs.free_run_curves` recorded, as a PNG at `path`."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    figure = Figure(figsize=(7.2, 4.3), dpi=200)
    axes = draw_envelope(figure, table, facts)
    axes.set_title(textwrap.fill(sentence(table, facts["horizon"]), 95), fontsize=9.5, loc="left")
    lay_out_once(figure)
    with whole(path) as partial:
        figure.savefig(partial, format="png")


def lay_out_once(figure: Figure) -> None:
    """Labels the marks of a finished figure and places its parts.

    A figure with a layout of its own is drawn twice, once to lay it out.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                _label_logarithms(axis)
    ConstrainedLayoutEngine().execute(figure)


def _label_logarithms(axis: Axis) -> None:
    """Labels a logarithmic axis with plain text: matplotlib's labels are formulas, which are slow."""
    axis.set_major_formatter(_power_of_ten)
    low, high = axis.get_view_interval()
    if 0 < high < 10 * low:  # hardly a power of ten of its own
        axis.set_minor_formatter(lambda value, _: f"{value:.3g}")
    else:
        axis.minorticks_off()


def _power_of_ten(value: float, _: object = None) -> str:
    """The label of a mark on a logarithmic axis: `10⁻³`, and a number that is no power of ten as it is."""
    exponent = math.log10(value) if value > 0 else math.nan
    if not abs(exponent - round(exponent or 0.0)) < 1e-9:
        return f"{value:g}"
    return f"10{str(round(exponent)).translate(RAISED)}" if abs(exponent) > 2 else f"{value:g}"


def draw_envelope(figure: Figure, table: pd.DataFrame, facts: Mapping[str, Any]) -> Axes:
    """Draws the free runs on a figure, and returns its axes, which have no title.

    The lines are |difference of the training losses| at each step, on a logarithmic scale, of every two arms and of
    each arm and the float64 reference. The band is the chaos envelope. A line has a gap where two losses are equal.
    """
    axes = figure.subplots()
    step, tolerance = table["step"], table["tolerance"]
    arms = {column.removeprefix("loss/"): table[column] for column in map(str, table.filter(like="loss/"))}
    lines = {
        f"{arm} and the float64 reference": (losses - table["reference_float64"]).abs() for arm, losses in arms.items()
    }
    lines |= {f"{a} : {b}": (arms[a] - arms[b]).abs() for a, b in combinations(arms, 2)}
    rounding = table[["spread", "drift"]].max(axis=1)
    floor = _floor(table)

    axes.fill_between(step, floor, tolerance, color=BAND, alpha=0.4, linewidth=0, label="chaos envelope (tolerance)")
    rounding_label = "the reference: float32 and float64, and 1 ULP in its weights"
    axes.plot(
        step,
        rounding.where(rounding > 0),
        color="#777777",
        linewidth=0.8,
        linestyle=(0, (1, 1.5)),
        label=rounding_label,
    )
    for number, (label, line) in enumerate(lines.items()):
        of_pair = number >= len(arms)
        colour = "black" if of_pair else COLOURS[number % len(COLOURS)]
        axes.plot(step, line.where(line > 0), color=colour, linewidth=0.7 if of_pair else 1.4, label=label)
    axes.set_yscale("log")
    # Where a training overflows, the tolerance is infinite: the axis ends at the largest that can be drawn.
    drawn = [value for value in 30 * tolerance if np.isfinite(value) and value > floor]  # room for the marks
    axes.set_ylim(floor, max(drawn, default=10 * floor))
    axes.set_xlim(0, max(1, len(table) - 1))
    _mark(axes, len(table), facts)
    axes.set_xlabel("update (steps)")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylabel("|difference of training losses|\n(units of the loss)")
    axes.grid(which="major", linewidth=0.3, color="#DDDDDD")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower left", fontsize=7.5, frameon=False, ncols=2)
    return axes


def sentence(table: pd.DataFrame, horizon: int | None) -> str:
    """The picture in words: which arm leaves the envelope at which step, or that none does."""
    departures, cut_short = [], []
    for column in map(str, table.filter(like="loss/")):
        arm, losses = column.removeprefix("loss/"), table[column]
        cut_short += [f"{arm} recorded {losses.count()} of {len(losses)} steps"] if losses.isna().any() else []
        outside = np.flatnonzero((losses - table["reference_float64"]).abs() > table["tolerance"])
        departures += [f"{arm} leaves the chaos envelope at step {outside[0]}"] if outside.size else []
    names = " and ".join(column.removeprefix("loss/") for column in map(str, table.filter(like="loss/")))
    extent = f"{len(table)} steps" if horizon is None else f"{horizon} steps, after which nothing can be told"
    agreement = f"{names} stay{'' if ' and ' in names else 's'} within what rounding alone does, over {extent}"
    return "; ".join([*(departures or [agreement]), *cut_short])


def _mark(axes: Axes, steps: int, facts: Mapping[str, Any]) -> None:
    """Vertical lines at the first sign flip and at the horizon."""
    flip, marks = facts["first_flip"], {}
    if flip is not None:
        marks[f"first flip in {flip['unit']}"] = flip["step"]
    if facts["horizon"] is not None:
        marks["horizon"] = facts["horizon"]
    middle = steps / 2
    for number, (label, step) in enumerate(marks.items()):
        axes.axvline(step, color="#444444", linewidth=0.8, linestyle="--" if label == "horizon" else "-.")
        side: Any = ("right", -4) if step > middle else ("left", 4)
        place = {"xytext": (side[1], -2 - 10 * number), "textcoords": "offset points", "ha": side[0], "va": "top"}
        place |= {"bbox": {"facecolor": "white", "linewidth": 0, "pad": 0.8}, "fontsize": 7.5}
        axes.annotate(f"{label} (step {step})", (step, 1), xycoords=("data", "axes fraction"), **place)


def _floor(table: pd.DataFrame) -> float:
    """The lower edge of the picture: a tenth of float32's resolution of such losses."""
    losses = table["reference_float64"].abs()
    typical_loss = float(losses[np.isfinite(losses)].median()) if np.isfinite(losses).any() else 1.0
    return float(np.finfo(np.float32).eps) * (typical_loss or 1.0) / 10
