"""Pooling of images (height, width, channels), each channel by itself.

Windows and padding lie as those of convolutions do. Cells of padding are no part of a window: they are never the
largest, and an average is over the cells of the image alone.
"""

from __future__ import annotations

from typing import Literal

from harness.spec.layers.base import Layer, Padding, Pair, image, pair_in_tables, windows_shape
from harness.spec.parameters import Shape


class Pooling(Layer):
    """Base of the layers that pool windows."""

    pool_size: Pair
    strides: Pair
    padding: Padding = "valid"

    @classmethod
    def specimens(cls) -> tuple[Pooling, ...]:
        return (
            cls(pool_size=(2, 2), strides=(2, 2)),
            cls(pool_size=(3, 2), strides=(2, 1), padding="same"),
        )

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns = windows_shape(shape, self.word(), self.pool_size, self.strides, (1, 1), self.padding)
        return rows, columns, shape[2]

    @property
    def name_in_tables(self) -> str:
        parts = [self.word(), f"{self.pool_size[0]}x{self.pool_size[1]}", self.padding]
        return " ".join(filter(None, [*parts, pair_in_tables(self.strides, "stride")]))

    def specimen_shape(self) -> Shape:
        return (7, 8, 2)


class MaxPool2d(Pooling):
    """The largest value in each window; the gradient goes to the first of equals, in row-major order."""

    kind: Literal["max_pool2d"] = "max_pool2d"


class AveragePool2d(Pooling):
    """The sum of each window's values divided by how many of its cells lie in the image."""

    kind: Literal["average_pool2d"] = "average_pool2d"


class GlobalPooling(Layer):
    """Base of the layers that pool a whole image to (channels,)."""

    def output_shape(self, shape: Shape) -> Shape:
        return (image(shape, self.word())[2],)

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)


class GlobalAveragePool2d(GlobalPooling):
    """The mean over height and width."""

    kind: Literal["global_average_pool2d"] = "global_average_pool2d"


class GlobalMaxPool2d(GlobalPooling):
    """The largest value over height and width; equals share the gradient evenly."""

    kind: Literal["global_max_pool2d"] = "global_max_pool2d"
