"""The free runs of the arms inside the chaos envelope: the picture of `report.md`, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.report.html.blocks import FigureBlock
from harness.report.plots import draw_envelope, sentence


def free_runs(recorded: tuple[pd.DataFrame, Mapping[str, Any]] | None) -> FigureBlock | None:
    """The plot; None where no free runs were recorded. `recorded`: as `RunRecord.free_runs` gives them."""
    if recorded is None:
        return None
    table, facts = recorded
    text = "; ".join([sentence(table, facts["horizon"]), *facts["bounds"]]) + "."
    size = (7.2, 4.2)
    return FigureBlock(
        "free-runs", "Free runs in the chaos envelope", text, table, lambda f: _draw(f, table, facts), size
    )


def _draw(figure: Any, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    draw_envelope(figure, table, facts)
