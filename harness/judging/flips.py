"""Which test images two trainings see differently. No rung: two equally good models may well differ in some."""

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
    """`COLUMNS`, a row for every two arms and each test image that they call differently, by its index.

    `predictions`, by arm: `label` and `margin` of every test image, as `harness.worker.predicting` leaves them. A
    margin is by how much the largest output leads the second largest.
    """
    parts = [_of_pair(labels, (a, b), (predictions[a], predictions[b])) for a, b in combinations(predictions, 2)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_pair(labels: NDArray[Any], names: tuple[str, str], both: tuple[Arrays, Arrays]) -> pd.DataFrame:
    a, b = both
    at = flipped(a, b)
    found = {"arm_a": names[0], "arm_b": names[1], "index": at, "label": labels[at]}
    found |= {"prediction_a": a["label"][at], "prediction_b": b["label"][at]}
    return pd.DataFrame(found | {"margin_a": a["margin"][at], "margin_b": b["margin"][at]}, columns=list(COLUMNS))


def flipped(a: Arrays, b: Arrays) -> NDArray[np.intp]:
    """The indices of the images that two models call differently; an image that neither can tell is none."""
    if a["label"].shape != b["label"].shape:
        raise ValueError(f"predictions of {len(a['label'])} and of {len(b['label'])} images can't be compared")
    return np.flatnonzero(a["label"] != b["label"])


def counts(flips: pd.DataFrame) -> dict[str, int]:
    """Of the flips of two arms: `only_a` right, `only_b` right, `neither` right."""
    right_a, right_b = (flips[f"prediction_{side}"] == flips["label"] for side in "ab")
    return {"only_a": int(right_a.sum()), "only_b": int(right_b.sum()), "neither": int((~right_a & ~right_b).sum())}


def surest(flips: pd.DataFrame) -> pd.DataFrame:
    """The flips in which even the less sure of the two arms is sure, first.

    A flip between two outputs of nearly the same size says nothing: rounding can do it.
    """
    sure = flips[["margin_a", "margin_b"]].min(axis=1)
    return flips.loc[sure.sort_values(ascending=False, kind="stable").index]


def shown_images(flips: pd.DataFrame, images: NDArray[Any]) -> Arrays:
    """The `image`s of the flips that are shown, (K, H, W, C), and the `index` of each, (K,)."""
    shown = np.unique(surest(flips)["index"].to_numpy(np.int64)[:MOST_SHOWN])
    return {"index": shown, "image": images[shown]}


def by_image(flips: pd.DataFrame) -> pd.DataFrame:
    """`index`, `label`, `flips`, `prediction_a`, `prediction_b`: how often each image flips over the rows given.

    The predictions are those of the surest flip. The most often flipped first, then by index.
    """
    first = surest(flips).groupby("index", sort=True)
    found = first[["label", "prediction_a", "prediction_b"]].first()
    found.insert(1, "flips", first.size())
    return found.sort_values("flips", ascending=False, kind="stable").reset_index()
