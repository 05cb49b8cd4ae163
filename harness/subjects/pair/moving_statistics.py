"""A batch normalisation that uses its moving statistics in training, found from its input and output."""

from __future__ import annotations

import numpy as np

from harness.subjects.pair.seen import EXPLAINED, Array, Form, Seen


def uses_moving_statistics(seen: Seen) -> bool | None:
    """Whether a batch normalisation normalises by its moving statistics and not by those of the batch.

    `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`. None if neither explains the output.
    """
    if not {"moving_mean", "moving_variance"} <= seen.weights.keys() or seen.x.shape != seen.y.shape:
        return None
    x = seen.x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    kept = seen.weights["moving_mean"], seen.weights["moving_variance"]
    by_moving, by_batch = (_explains(seen, x, *moments) for moments in (kept, (x.mean(axes), x.var(axes))))
    return None if by_moving == by_batch else by_moving


def moving_in_training(a: Seen, b: Seen) -> Form | None:
    """The form in which one side uses moving statistics in training and the other those of the batch."""
    moving = uses_moving_statistics(a), uses_moving_statistics(b)
    if None in moving or moving[0] == moving[1]:
        return None
    wrong, right = (a, b) if moving[0] else (b, a)
    cause = (
        f"batch_norm: {wrong.name} normalises by its moving statistics in training, and does not update them; "
        f"{right.name} by the mean and variance of the batch"
    )
    return Form(cause, wrong.spells("batch_norm in training") or "let both use the statistics of the batch in training")


def _explains(seen: Seen, x: Array, mean: Array, variance: Array) -> bool:
    scale = np.asarray(seen.weights.get("gamma", 1.0), np.float64) / np.sqrt(
        variance.astype(np.float64) + float(seen.settings.get("epsilon", 0.0))
    )
    expected = (x - mean) * scale + np.asarray(seen.weights.get("beta", 0.0), np.float64)
    size = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    return float(np.max(np.abs(expected - seen.y), initial=0.0)) < EXPLAINED * size
