"""The record of the free runs: a table with a row for each step, and the bounds in words."""

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
    """The envelope of the arm with the widest tolerance, and the losses of all arms.

    `losses`: by arm, as many as it recorded.
    """

    envelope: Envelope
    losses: Mapping[str, FloatArray]

    def table(self) -> pd.DataFrame:
        """A row for each step: the reference's losses, the spread of its float32 runs, the tolerance, each arm's loss.

        A loss that an arm did not record is NaN in its column, `loss/<arm>`.
        """
        envelope = self.envelope
        oracle = envelope.oracle[LOSS]
        table = pd.DataFrame(
            {
                "step": np.arange(len(oracle)),
                "reference_float64": oracle,
                "reference_float32": envelope.draws[LOSS][0].astype(np.float64),
                "spread": envelope.spread[LOSS],
                "drift": envelope.drift[LOSS],
                "tolerance": np.broadcast_to(envelope.loss.bound, oracle.shape),
            }
        )
        for arm, losses in self.losses.items():
            column = np.full(len(oracle), np.nan)
            count = min(len(losses), len(oracle))
            column[:count] = losses[:count]
            table[f"loss/{arm}"] = column
        return table

    def facts(self) -> dict[str, Any]:
        """`horizon`, a step; `first_flip`, with its `step` and `unit`; `bounds`, in words; None if there is none."""
        flip = self.envelope.first_flip
        unit = None if flip is None else f"{flip.layer}, unit {', '.join(map(str, flip.index[1:]))}"
        return {
            "horizon": self.envelope.horizon,
            "first_flip": None if flip is None else {"step": flip.step, "unit": unit},
            "bounds": [self.envelope.in_words, self.envelope.loss.source],
        }
