"""The predictions of a trained model, so that two models can be compared image by image."""

from __future__ import annotations

import numpy as np

from adapters.protocol import Trainer
from harness.records.array_types import Array, FloatArray
from harness.records.predictions import NO_LABEL
from harness.system.array_files import Arrays

PART = 1000  # samples in one forward pass


def predictions(trainer: Trainer, x: Array) -> Arrays:
    """`label` and `margin`, each (N,), of the outputs in evaluation mode for the samples `x`, (N, ...)."""
    parts = [of_outputs(trainer.forward(x[start : start + PART])) for start in range(0, len(x), PART)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def of_outputs(outputs: FloatArray) -> Arrays:
    """From outputs p (N, C): `label = argmax_j p_j`, the first of equal ones, and `margin`, the largest output less the
    second largest. Where an output is NaN there is no label, which is written -1, and the margin is NaN.
    """
    wide = np.asarray(outputs, np.float64)
    second, largest = np.sort(wide, axis=-1)[:, -2:].T
    unknown = np.isnan(wide).any(axis=-1)
    with np.errstate(invalid="ignore"):  # two infinite outputs are equal
        margin = np.where(largest == second, 0.0, largest - second)
    return {
        "label": np.where(unknown, NO_LABEL, wide.argmax(axis=-1)).astype(np.int32),
        "margin": np.where(unknown, np.nan, margin),
    }
