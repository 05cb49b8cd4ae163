"""The tables of a training: a row for each step, and a row for each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.records.trace import EpochRecord, Trace

STEP_COLUMNS = ("step", "epoch", "learning_rate", "loss")
EPOCH_COLUMNS = (
    "epoch",
    "train_loss",
    "test_loss",
    "test_accuracy",
    "samples_scored",
    "epoch_time_s",
    "samples",
    "peak_rss_bytes",
)


def step_table(trace: Trace, first_epoch: int = 0) -> pd.DataFrame:
    """`STEP_COLUMNS`, and a column for each norm and digest that was recorded, of the epochs from `first_epoch` on.

    Steps count from the beginning of the training. A rate that is not known is NaN.
    """
    part = trace.model_copy(update={"epochs": trace.epochs[first_epoch:]})
    first = sum(len(record.losses) for record in trace.epochs[:first_epoch])
    steps = np.arange(first, first + len(part.losses))
    known = np.asarray(trace.learning_rates, np.float64)[first : first + len(steps)]
    rates = np.full(len(steps), np.nan)
    rates[: len(known)] = known
    epochs = np.repeat([record.epoch for record in part.epochs], [len(record.losses) for record in part.epochs])
    columns = {"step": steps, "epoch": epochs.astype(np.int64), "learning_rate": rates, "loss": np.array(part.losses)}
    watched = {name: np.asarray(values, np.float64) for name, values in (part.norms | part.digests).items()}
    return pd.DataFrame(columns | watched)


def epoch_table(records: Sequence[EpochRecord]) -> pd.DataFrame:
    """`EPOCH_COLUMNS`."""
    rows = [
        {**record.model_dump(include=set(EPOCH_COLUMNS)), "train_loss": sum(record.losses) / len(record.losses)}
        for record in records
    ]
    return pd.DataFrame(rows, columns=list(EPOCH_COLUMNS))
