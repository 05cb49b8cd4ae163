"""The result of every loader, and the error that every loader raises."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.checks import CLASSES, IMAGE_SHAPE, problems


class DataError(Exception):
    """The data is missing, damaged or not the expected data.

    The message is for the user: what was found, what was expected, and how to correct it.
    """


@dataclass(frozen=True, eq=False)
class Dataset:
    """The samples and targets of a training set and a test set.

    With `classes` the samples are uint8 images (N, *sample_shape) and the targets int32 labels (N,), 0 to
    `classes` - 1. Without `classes` both are float64, finite and exact in float32: samples (N, *sample_shape), targets
    (N, values). The arrays are read-only, so that no reader can change them for the next one. Two data sets hold the
    same samples in the same order if and only if their `digest`s are equal. Raises DataError where an array is wrong.
    """

    x_train: NDArray[Any]
    y_train: NDArray[Any]
    x_test: NDArray[Any]
    y_test: NDArray[Any]
    source: str
    """Where the bytes came from, for people."""
    sample_shape: tuple[int, ...] = IMAGE_SHAPE
    classes: int | None = CLASSES

    def __post_init__(self) -> None:
        faults = [
            *problems("train", self.x_train, self.y_train, self.sample_shape, self.classes),
            *problems("test", self.x_test, self.y_test, self.sample_shape, self.classes),
        ]
        if faults:
            raise DataError("\n".join([f"The data from {self.source} cannot be used:", *(f"  - {p}" for p in faults)]))
        for name in ("x_train", "y_train", "x_test", "y_test"):
            # A view, because otherwise the caller's array would become read-only too.
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the shapes and bytes of the four arrays, without their source."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            # Little-endian on every machine, so that digests can be compared across machines.
            portable = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            digest.update(f"{portable.shape}".encode())
            digest.update(portable.data)
        return digest.hexdigest()


def scaled(pixels: NDArray[np.uint8], precision: str) -> NDArray[Any]:
    """pixel / 255, divided in `precision` (`float32` or `float64`)."""
    kind = np.dtype(precision).type
    quotient: NDArray[Any] = pixels.astype(kind) / kind(255)
    return quotient
