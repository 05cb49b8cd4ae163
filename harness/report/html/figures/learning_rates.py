"""The learning rates of the arms and of the reference, with their difference in units in the last place below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from adapters.reference.schedules import oracle
from harness.judging.ulp import error_against, ulp
from harness.records.trace import Trace
from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import columns_of, look, thinned
from harness.spec.schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_rates(traces: Sequence[Trace], schedule: Schedule) -> FigureBlock | None:
    """The plot; None where no arm recorded its rates."""
    recorded = [trace for trace in traces if len(trace.learning_rates)]
    if not recorded:
        return None
    steps = max(len(trace.learning_rates) for trace in recorded)
    reference = oracle(schedule, np.arange(steps))
    columns = {"step": np.arange(steps), "reference": reference}
    for trace in recorded:
        rates = np.full(steps, np.nan)
        rates[: len(trace.learning_rates)] = np.asarray(trace.learning_rates, np.float64)
        error = np.where(np.isnan(rates), np.nan, error_against(rates, reference))
        columns[f"rate/{trace.arm.name}"] = rates
        columns[f"ulp/{trace.arm.name}"] = error / ulp(reference, trace.arm.variable_dtype)
    table = pd.DataFrame(columns)
    return FigureBlock("learning-rates", "Learning rates", _description(table), table, lambda f: _draw(f, table))


def _description(table: pd.DataFrame) -> str:
    worst = {arm: float(values.max()) for arm, values in columns_of(table, "ulp").items()}
    parts = [f"{arm} is at most {value:.3g} ULP off" for arm, value in worst.items()]
    return f"Learning rates of {len(table):,} steps beside the float64 reference: {'; '.join(parts)}."


def _draw(figure: Figure, whole: pd.DataFrame) -> None:
    table = thinned(whole)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above.plot(table["step"], table["reference"], color="#777777", linewidth=3.5, alpha=0.45, label="reference")
    for number, (arm, rates) in enumerate(columns_of(table, "rate").items()):
        above.plot(table["step"], rates, label=arm, **look(number))
        below.plot(table["step"], columns_of(table, "ulp")[arm], label=arm, **look(number))
    above.set_ylabel("learning rate")
    below.set_ylabel("difference, ULP")
    below.set_xlabel("step")
    largest = float(np.nanmax(np.abs(table.filter(regex="^(reference|rate/)").to_numpy(np.float64)), initial=0.0))
    if np.isfinite(largest) and largest > 0:
        above.set_ylim(min(0.0, float(np.nanmin(table["reference"]))), 1.1 * largest)
    above.ticklabel_format(axis="y", useOffset=False)
    below.locator_params(axis="x", integer=True)
    below.set_ylim(bottom=0)
    above.legend(loc="best", ncols=3)
