"""What every loader returns, and the one error that every loader raises."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

IMAGE_SHAPE = (28, 28, 1)
CLASSES = 10


class DataError(Exception):
    """Data that is missing, damaged or not what it should be.

    The message is for the user: what was found, what was expected, and what to do about it.
    """


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (uint8, N x 28 x 28 x 1) and labels (int32, N, 0 to 9), to train on and to test on.

    The arrays are read-only, so that nothing which looks at them can change what the next one sees.
    Two data sets hold the same digits in the same order if and only if their `digest`s are equal.
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int32]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int32]
    source: str
    """Where the bytes came from, for people."""

    def __post_init__(self) -> None:
        problems = [*_problems("train", self.x_train, self.y_train), *_problems("test", self.x_test, self.y_test)]
        if problems:
            raise DataError(
                "\n".join([f"The data from {self.source} cannot be used:", *(f"  - {p}" for p in problems)])
            )
        for name in ("x_train", "y_train", "x_test", "y_test"):
            # A view, because the flag would otherwise be set on the caller's own array too.
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the shapes and bytes of the four arrays. Where they came from plays no part."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            # Little-endian whatever the machine, so that a digest can be compared across machines.
            portable = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            digest.update(f"{portable.shape}".encode())
            digest.update(portable.data)
        return digest.hexdigest()


def _problems(part: str, images: NDArray[Any], labels: NDArray[Any]) -> list[str]:
    """Everything wrong with the images and labels of one part, as sentences for `DataError`."""
    found = []
    if images.dtype != np.uint8 or images.shape[1:] != IMAGE_SHAPE:
        found.append(f"x_{part}: {images.dtype} of shape {images.shape}, expected uint8 of shape (N, 28, 28, 1)")
    if labels.dtype != np.int32 or labels.ndim != 1:
        found.append(f"y_{part}: {labels.dtype} of shape {labels.shape}, expected int32 of shape (N,)")
    if found:
        return found
    if len(images) != len(labels):
        found.append(f"{part}: {len(images)} images but {len(labels)} labels, expected as many of each")
    if len(images) == 0:
        found.append(f"x_{part}: no images, expected at least one")
    if len(labels) and not (labels.min() >= 0 and labels.max() < CLASSES):
        found.append(f"y_{part}: labels from {labels.min()} to {labels.max()}, expected 0 to {CLASSES - 1}")
    return found


def scaled(pixels: NDArray[np.uint8], precision: str) -> NDArray[Any]:
    """Images as every arm sees them: pixel / 255, divided in `precision`."""
    kind = np.dtype(precision).type
    quotient: NDArray[Any] = pixels.astype(kind) / kind(255)
    return quotient
