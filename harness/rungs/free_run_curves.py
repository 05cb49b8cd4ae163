"""What the free runs came to, as a record: a table with a row for each step, and what bounds them, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.judging.envelope import LOSS, Envelope
from harness.records.array_types import FloatArray


@dataclass(frozen=True)
class FreeRuns:
    """The envelope that the arms were judged by, widened by what any of them shows of itself, and their losses.

    `losses`, by arm, are as many as the arm recorded.
    """

    around: Envelope
    losses: Mapping[str, FloatArray]

    def table(self) -> pd.DataFrame:
        """A row a step: the reference's losses, how far apart its float32 runs are, the tolerance, each arm's loss.

        What an arm did not record is NaN in its column, `loss/<arm>`.
        """
        around = self.around
        oracle = around.oracle[LOSS]
        table = pd.DataFrame(
            {
                "step": np.arange(len(oracle)),
                "reference_float64": oracle,
                "reference_float32": around.draws[LOSS][0].astype(np.float64),
                "spread": around.spread[LOSS],
                "drift": around.drift[LOSS],
                "tolerance": np.broadcast_to(around.loss.bound, oracle.shape),
            }
        )
        for arm, given in self.losses.items():
            column = np.full(len(oracle), np.nan)
            count = min(len(given), len(oracle))
            column[:count] = given[:count]
            table[f"loss/{arm}"] = column
        return table

    def facts(self) -> dict[str, Any]:
        """`horizon`, a step; `first_flip`, its `step` and `unit`; each None where there is none; `bounds`, in words."""
        flip = self.around.first_flip
        unit = None if flip is None else f"{flip.layer}, unit {', '.join(map(str, flip.index[1:]))}"
        return {
            "horizon": self.around.horizon,
            "first_flip": None if flip is None else {"step": flip.step, "unit": unit},
            "bounds": [self.around.in_words, self.around.loss.source],
        }
