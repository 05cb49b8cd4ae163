"""Gradient norms by layer, from those of its parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapters.protocol import EpochResult, FloatArray
from harness.spec.experiment import Experiment


def norms_of(experiment: Experiment, results: Sequence[EpochResult]) -> dict[str, dict[str, list[float]]]:
    """`gradient_norms`, and `clipped_norms` where there is a clipping; nothing where they were not asked for.

    The norm of a layer is `sqrt(sum_p ||g_p||**2)` over its trainable parameters p.
    """
    raw = [each.gradient_norms for each in results if each.gradient_norms is not None]
    clipped = [each.clipped_norms for each in results if each.clipped_norms is not None]
    names = [p.name for p in experiment.model.parameters() if p.trainable]
    found = {"gradient_norms": _by_layer(raw, names)} if raw else {}
    if clipped and experiment.clipping.word() != "none":
        found["clipped_norms"] = _by_layer(clipped, names)
    return found


def _by_layer(portions: list[FloatArray], names: list[str]) -> dict[str, list[float]]:
    lengths = np.concatenate(portions).astype(np.float64)
    columns: dict[str, list[FloatArray]] = {}
    for number, name in enumerate(names):
        columns.setdefault(name.rpartition("/")[0], []).append(lengths[:, number])
    return {layer: np.sqrt(sum(column * column for column in own)).tolist() for layer, own in columns.items()}
