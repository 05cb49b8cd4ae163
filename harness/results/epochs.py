"""The records of epochs, from the tables of steps and of epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.records.series import Series
from harness.records.tensor_key import TensorKey
from harness.records.trace import EpochRecord

# The columns of steps.parquet that hold a number for each layer, and their place in an epoch's record.
NORMS = {"gradient_norm": "gradient_norms", "clipped_norm": "clipped_norms", "digest": "digests"}


def epochs_from(steps: pd.DataFrame | None, epochs: pd.DataFrame | None) -> tuple[EpochRecord, ...]:
    """One record for each epoch that either table knows."""
    by_step = {} if steps is None else {int(float(str(number))): part for number, part in steps.groupby("epoch")}
    by_epoch = {} if epochs is None else {int(row["epoch"]): row for row in epochs.to_dict("records")}
    return tuple(_record(each, by_step.get(each), by_epoch.get(each)) for each in sorted({*by_step, *by_epoch}))


def _record(number: int, steps: pd.DataFrame | None, scored: Mapping[Any, Any] | None) -> EpochRecord:
    def column(name: str) -> Series:
        return Series() if steps is None else Series(steps[name].to_numpy(np.float64))

    found = {} if scored is None else scored
    accuracy = found.get("test_accuracy")
    norms: dict[str, dict[str, Series]] = {where: {} for where in NORMS.values()}
    for name in () if steps is None else steps.columns:
        key = TensorKey.parse(str(name))
        if key.kind in NORMS:
            norms[NORMS[key.kind]][key.of] = column(name)
    return EpochRecord(
        epoch=number,
        losses=column("loss"),
        epoch_time_s=float(found.get("epoch_time_s", np.nan)),
        samples=int(found.get("samples", 0)),
        test_loss=float(found.get("test_loss", np.nan)),
        test_accuracy=None if accuracy is None or pd.isna(accuracy) else float(accuracy),
        samples_scored=int(found.get("samples_scored", 0)),
        peak_rss_bytes=int(found.get("peak_rss_bytes", 0)),
        **norms,
    )
