"""Checks that target values are in the domain of a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import Dataset
from harness.spec.losses import Loss

Rows = NDArray[np.bool_]


def outside_domain(data: Dataset, loss: Loss) -> list[str]:
    """A sentence for each of `y_train` and `y_test` with targets outside the loss's domain. Labels fit every loss."""
    if data.classes is not None or loss.targets_domain == "any":
        return []
    fits, requirement = DOMAINS[loss.targets_domain]
    sentences = []
    for name in ("y_train", "y_test"):
        targets = getattr(data, name)
        rows = np.flatnonzero(~fits(targets.reshape(len(targets), -1)))
        if rows.size:
            more = f" (nor {rows.size - 1} more)" if rows.size > 1 else ""
            target = np.array2string(targets[rows[0]].ravel(), separator=", ", threshold=6)
            sentences.append(
                f"{name}: target {target} of sample {rows[0]} is not {requirement}{more}, as {loss.word()} needs it"
            )
    return sentences


def _distribution(targets: NDArray[Any]) -> Rows:
    # Shares that were rounded to float32 sum to 1 up to the rounding of each.
    rounding = targets.shape[1] * np.finfo(np.float32).eps
    fits: Rows = (np.abs(targets.sum(axis=1) - 1) <= rounding) & (targets >= 0).all(axis=1)
    return fits


def _one_hot(targets: NDArray[Any]) -> Rows:
    fits: Rows = (np.count_nonzero(targets == 1, axis=1) == 1) & (np.count_nonzero(targets, axis=1) == 1)
    return fits


# By domain: the function from targets (N, C) to the rows (N,) within it, and its name in messages.
DOMAINS: dict[str, tuple[Callable[[NDArray[Any]], Rows], str]] = {
    "nonnegative": (lambda t: (t >= 0).all(axis=1), "at least 0"),
    "probabilities": (lambda t: ((t >= 0) & (t <= 1)).all(axis=1), "from 0 to 1"),
    "distribution": (_distribution, "at least 0 with a sum of 1"),
    "one_hot": (_one_hot, "one 1 among zeros"),
    "signs": (lambda t: (np.abs(t) == 1).all(axis=1), "-1 or 1"),
}
