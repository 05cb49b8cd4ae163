"""The confusion of a trained model: how many test images of each class it puts into each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.system.array_files import Arrays

COLUMNS = ("arm", "label", "prediction", "count")


def confusions(labels: NDArray[Any], predictions: Mapping[str, Arrays]) -> pd.DataFrame:
    """A table with `COLUMNS`: for each arm a row for each pair of label and prediction that occurs.

    `labels`: the true labels, (N,). `predictions`: by arm, `label` of every test image, (N,); -1 is no label.
    Raises ValueError if an arm has another number of predictions.
    """
    parts = [_of_arm(arm, labels, of_arm["label"]) for arm, of_arm in predictions.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_arm(arm: str, labels: NDArray[Any], predicted: NDArray[Any]) -> pd.DataFrame:
    if np.shape(labels) != np.shape(predicted):
        raise ValueError(f"{arm} has predictions {np.shape(predicted)} of labels {np.shape(labels)}")
    pairs = np.stack([np.asarray(labels, np.int64), np.asarray(predicted, np.int64)], axis=1)
    values, counts = np.unique(pairs, axis=0, return_counts=True)
    return pd.DataFrame({"arm": arm, "label": values[:, 0], "prediction": values[:, 1], "count": counts})
