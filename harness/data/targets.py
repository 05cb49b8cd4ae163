"""Whether the values that are targets are what a loss is defined for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import Dataset
from harness.spec.losses import Loss

Rows = NDArray[np.bool_]


def outside_domain(data: Dataset, loss: Loss) -> list[str]:
    """A sentence for each part with targets that the loss is not defined for; labels fit every loss."""
    if data.classes is not None or loss.targets_domain == "any":
        return []
    fits, wanted = DOMAINS[loss.targets_domain]
    found = []
    for name in ("y_train", "y_test"):
        targets = getattr(data, name)
        wrong = np.flatnonzero(~fits(targets.reshape(len(targets), -1)))
        if wrong.size:
            more = f" (nor {wrong.size - 1} more)" if wrong.size > 1 else ""
            target = np.array2string(targets[wrong[0]].ravel(), separator=", ", threshold=6)
            found.append(
                f"{name}: target {target} of sample {wrong[0]} is not {wanted}{more}, as {loss.word()} needs it"
            )
    return found


def _distribution(targets: NDArray[Any]) -> Rows:
    # Shares that were rounded to float32 sum to 1 but for the rounding of each.
    rounding = targets.shape[1] * np.finfo(np.float32).eps
    fits: Rows = (np.abs(targets.sum(axis=1) - 1) <= rounding) & (targets >= 0).all(axis=1)
    return fits


def _one_hot(targets: NDArray[Any]) -> Rows:
    fits: Rows = (np.count_nonzero(targets == 1, axis=1) == 1) & (np.count_nonzero(targets, axis=1) == 1)
    return fits


# Which rows of targets are in a loss's domain, and how that is called.
DOMAINS: dict[str, tuple[Callable[[NDArray[Any]], Rows], str]] = {
    "nonnegative": (lambda t: (t >= 0).all(axis=1), "at least 0"),
    "probabilities": (lambda t: ((t >= 0) & (t <= 1)).all(axis=1), "from 0 to 1"),
    "distribution": (_distribution, "at least 0 with a sum of 1"),
    "one_hot": (_one_hot, "one 1 among zeros"),
    "signs": (lambda t: (np.abs(t) == 1).all(axis=1), "-1 or 1"),
}
