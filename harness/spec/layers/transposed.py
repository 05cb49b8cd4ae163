"""The transposed convolution over images (height, width, channels)."""

from __future__ import annotations

from math import prod
from typing import Literal

from harness.spec.initializers import AnyInitializer, XavierUniform, Zeros
from harness.spec.layers.base import Padding, Pair, image, pair_in_tables
from harness.spec.layers.dense import Activated
from harness.spec.numbers import Count
from harness.spec.parameters import Parameter, Shape

DRAWN = XavierUniform()


class Conv2dTranspose(Activated):
    """`activation(z + bias)`, z being the transpose of the `conv2d` from z to x with this kernel, strides and padding.

    Along each axis the input at i is added, times `kernel[k]`, to the output at `i * stride + k - before`. With padding
    `same` the output has `n * stride` cells and before is that of `conv2d` on so many; with `valid` it has
    `n * stride + max(kernel_size - stride, 0)` cells and before = 0. The kernel is (kh, kw, filters, in), that of the
    `conv2d`: its fan in, by which initializers draw, is `kh * kw * filters`.
    """

    kind: Literal["conv2d_transpose"] = "conv2d_transpose"
    filters: Count
    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: Padding = "valid"
    kernel_initializer: AnyInitializer
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()

    @classmethod
    def specimens(cls) -> tuple[Conv2dTranspose, ...]:
        return (
            cls(filters=3, kernel_size=(3, 2), kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=(3, 3), strides=(2, 2), padding="same", kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=(3, 2), strides=(2, 1), kernel_initializer=DRAWN, use_bias=False),
            cls(filters=2, kernel_size=(2, 2), strides=(3, 3), kernel_initializer=DRAWN),
            cls(filters=2, kernel_size=(2, 2), strides=(3, 3), padding="same", kernel_initializer=DRAWN),
        )

    def output_shape(self, shape: Shape) -> Shape:
        height, width, _ = image(shape, self.word())
        axes = zip((height, width), self.kernel_size, self.strides, strict=True)
        rows, columns = (
            n * stride + (max(cells - stride, 0) if self.padding == "valid" else 0) for n, cells, stride in axes
        )
        return rows, columns, self.filters

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        kernel = (*self.kernel_size, self.filters, shape[2])
        bias = Parameter(name="bias", shape=(self.filters,), initializer=self.bias_initializer)
        return (
            Parameter(name="kernel", shape=kernel, initializer=self.kernel_initializer),
            *([bias] if self.use_bias else []),
            *self.activation.parameters(self.output_shape(shape)),
        )

    def multiply_adds(self, shape: Shape) -> int:
        return prod(shape) * prod(self.kernel_size) * self.filters

    @property
    def name_in_tables(self) -> str:
        parts = [self.word(), f"{self.kernel_size[0]}x{self.kernel_size[1]}", self.padding]
        return " ".join(
            filter(None, [*parts, pair_in_tables(self.strides, "stride"), "" if self.use_bias else "no bias"])
        )

    def specimen_shape(self) -> Shape:
        return (4, 5, 2)
