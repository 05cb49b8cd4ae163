"""The picture of free runs is drawn of any training, also of one that overflows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.report.plots import envelope_plot

FACTS = {"horizon": 2, "first_flip": None, "bounds": []}


@pytest.mark.parametrize("overflow", [0, 2, 6], ids=["at once", "in the middle", "never"])
def test_a_training_that_overflows(tmp_path: Path, overflow: int) -> None:
    steps = np.arange(6)
    losses = np.where(steps < overflow, 10.0**steps, np.nan)
    bounds = np.where(steps < overflow, 1e-6, np.inf)
    columns = {"step": steps, "reference_float64": losses, "reference_float32": losses, "spread": bounds}
    table = pd.DataFrame({**columns, "drift": bounds, "tolerance": bounds, "loss/one": losses * (1 + 1e-7)})
    with np.errstate(all="ignore"):
        envelope_plot(tmp_path / "trajectory.png", table, FACTS)
    assert (tmp_path / "trajectory.png").read_bytes().startswith(b"\x89PNG")
