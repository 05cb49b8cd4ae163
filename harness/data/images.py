"""Data sets whose targets are the images themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import Dataset, scaled


def as_targets(digits: Dataset) -> Dataset:
    """The images of `digits` in its order: pixels / 255 as samples (N, 28, 28, 1), and as targets (N, 784)."""
    train, test = (_pixels(images) for images in (digits.x_train, digits.x_test))
    flat = [images.reshape(len(images), -1) for images in (train, test)]
    return Dataset(train, flat[0], test, flat[1], f"images of {digits.source}", digits.sample_shape, classes=None)


def _pixels(images: NDArray[np.uint8]) -> NDArray[Any]:
    return scaled(images, "float32").astype(np.float64)
