"""Layers that make images (height, width, channels) larger: by zeros around them, or by more pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.spec.layers.base import Layer, Pair, image
from harness.spec.numbers import LARGEST_INT32
from harness.spec.parameters import Shape

Cells = Annotated[int, Field(ge=0, le=LARGEST_INT32)]


class ZeroPadding2d(Layer):
    """Zeros around an image: `padding = ((top, bottom), (left, right))` rows and columns."""

    kind: Literal["zero_padding2d"] = "zero_padding2d"
    padding: tuple[tuple[Cells, Cells], tuple[Cells, Cells]]

    @classmethod
    def specimens(cls) -> tuple[ZeroPadding2d, ...]:
        return (cls(padding=((1, 2), (0, 3))),)

    @property
    def name_in_tables(self) -> str:
        (top, bottom), (left, right) = self.padding
        return f"zero_padding2d top {top} bottom {bottom} left {left} right {right}"

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = image(shape, self.word())
        return height + sum(self.padding[0]), width + sum(self.padding[1]), channels

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)


class Upsampling2d(Layer):
    """An image with `size = (rows, columns)` times as many pixels.

    `interpolation = nearest`: each pixel is repeated, `y[i, j] = x[i // rows, j // columns]`. `bilinear`: along each
    axis, pixel i lies at `s = (i + 1/2) / size - 1/2` of the input, moved to the nearest of 0 and n - 1 where it is
    outside, and is `(1 - f) * x[floor(s)] + f * x[floor(s) + 1]` with `f = s - floor(s)` (pixels have area, and centres
    lie at halves).
    """

    kind: Literal["upsampling2d"] = "upsampling2d"
    size: Pair
    interpolation: Literal["nearest", "bilinear"] = "nearest"

    @model_validator(mode="after")
    def _enlarges(self) -> Upsampling2d:
        if self.size == (1, 1):
            raise ValueError("size (1, 1) leaves the image as it is: leave the layer out")
        return self

    @classmethod
    def specimens(cls) -> tuple[Upsampling2d, ...]:
        return (cls(size=(2, 3)), cls(size=(2, 3), interpolation="bilinear"))

    @property
    def name_in_tables(self) -> str:
        return f"upsampling2d {self.size[0]}x{self.size[1]} {self.interpolation}"

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = image(shape, self.word())
        return height * self.size[0], width * self.size[1], channels

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)
