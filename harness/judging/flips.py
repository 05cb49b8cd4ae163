"""Test images that two trainings classify differently. This is no rung: equally good models may differ in some."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.system.array_files import Arrays

MOST_SHOWN = 48  # of a run's flips
COLUMNS = ("arm_a", "arm_b", "index", "label", "prediction_a", "prediction_b", "margin_a", "margin_b")


def flips_between(labels: NDArray[Any], predictions: Mapping[str, Arrays]) -> pd.DataFrame:
    """A table with `COLUMNS`: a row for each pair of arms and each test image that they classify differently.

    `labels`: the true labels, (N,). `predictions`: by arm, `label` and `margin` of every test image, (N,) each, as
    `harness.worker.predicting` writes them. A margin is the largest output minus the second largest. Raises ValueError
    if two arms have different numbers of predictions.
    """
    parts = [_of_pair(labels, (a, b), (predictions[a], predictions[b])) for a, b in combinations(predictions, 2)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_pair(labels: NDArray[Any], names: tuple[str, str], predictions: tuple[Arrays, Arrays]) -> pd.DataFrame:
    a, b = predictions
    at = flipped(a, b)
    table = {"arm_a": names[0], "arm_b": names[1], "index": at, "label": labels[at]}
    table |= {"prediction_a": a["label"][at], "prediction_b": b["label"][at]}
    return pd.DataFrame(table | {"margin_a": a["margin"][at], "margin_b": b["margin"][at]}, columns=list(COLUMNS))


def flipped(a: Arrays, b: Arrays) -> NDArray[np.intp]:
    """The indices of the images that two models classify differently, (K,).

    Raises ValueError if they have different numbers of predictions.
    """
    if a["label"].shape != b["label"].shape:
        raise ValueError(f"predictions of {len(a['label'])} and of {len(b['label'])} images can't be compared")
    return np.flatnonzero(a["label"] != b["label"])


def counts(flips: pd.DataFrame) -> dict[str, int]:
    """The numbers of flips in which `only_a` is right, `only_b` is right, and `neither` is right."""
    right_a, right_b = (flips[f"prediction_{side}"] == flips["label"] for side in "ab")
    return {"only_a": int(right_a.sum()), "only_b": int(right_b.sum()), "neither": int((~right_a & ~right_b).sum())}


def surest(flips: pd.DataFrame) -> pd.DataFrame:
    """The flips, sorted by the smaller margin of the two arms, largest first.

    A flip with a small margin says nothing: rounding alone can cause it.
    """
    sure = flips[["margin_a", "margin_b"]].min(axis=1)
    return flips.loc[sure.sort_values(ascending=False, kind="stable").index]


def shown_images(flips: pd.DataFrame, images: NDArray[Any]) -> Arrays:
    """The `MOST_SHOWN` surest flips for a report: `image`, (K, H, W, C), and `index`, (K,)."""
    shown = np.unique(surest(flips)["index"].to_numpy(np.int64)[:MOST_SHOWN])
    return {"index": shown, "image": images[shown]}


def by_image(flips: pd.DataFrame) -> pd.DataFrame:
    """A table of how often each image flips: `index`, `label`, `flips`, `prediction_a`, `prediction_b`.

    The predictions are those of the image's surest flip. Sorted by the number of flips, largest first, then by index.
    """
    first = surest(flips).groupby("index", sort=True)
    table = first[["label", "prediction_a", "prediction_b"]].first()
    table.insert(1, "flips", first.size())
    return table.sort_values("flips", ascending=False, kind="stable").reset_index()
