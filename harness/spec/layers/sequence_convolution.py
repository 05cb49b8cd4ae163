"""The convolution over sequences (length, channels), as a correlation: the kernel is not flipped."""

from __future__ import annotations

from math import prod
from typing import Literal

from harness.spec.initializers import AnyInitializer, XavierUniform, Zeros
from harness.spec.layers.base import Padding, places
from harness.spec.layers.dense import Activated
from harness.spec.numbers import Count
from harness.spec.parameters import Parameter, Shape

DRAWN = XavierUniform()


class Conv1d(Activated):
    """`activation(sum_{k, c} x[.., k, c] * kernel[k, c, filters] + bias)`, kernel (kernel_size, in, filters).

    The output at i sees the cells `i * stride + k * dilation - before`; padding is that of `conv2d` along one axis.
    """

    kind: Literal["conv1d"] = "conv1d"
    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Padding = "valid"
    dilation: Count = 1
    kernel_initializer: AnyInitializer
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()

    @classmethod
    def specimens(cls) -> tuple[Conv1d, ...]:
        return (
            cls(filters=3, kernel_size=3, kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=3, strides=2, padding="same", kernel_initializer=DRAWN, use_bias=False),
            cls(filters=3, kernel_size=3, dilation=2, padding="same", kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=2, strides=2, dilation=2, padding="same", kernel_initializer=DRAWN),
        )

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 2:
            raise ValueError(f"conv1d takes sequences (length, channels), got {shape}")
        cells = places(shape[0], self.kernel_size, self.strides, self.dilation, self.padding)
        if cells < 1:
            reach = (self.kernel_size - 1) * self.dilation + 1
            raise ValueError(f"conv1d with padding=valid reaches over {reach} cells, the sequence has {shape[0]}")
        return cells, self.filters

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        after = self.output_shape(shape)
        kernel = (self.kernel_size, shape[1], self.filters)
        bias = Parameter(name="bias", shape=(self.filters,), initializer=self.bias_initializer)
        return (
            Parameter(name="kernel", shape=kernel, initializer=self.kernel_initializer),
            *([bias] if self.use_bias else []),
            *self.activation.parameters(after),
        )

    def multiply_adds(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * self.kernel_size * shape[1]

    @property
    def name_in_tables(self) -> str:
        parts = [self.word(), str(self.kernel_size), self.padding]
        parts += [f"stride {self.strides}"] if self.strides != 1 else []
        parts += [f"dilation {self.dilation}"] if self.dilation != 1 else []
        return " ".join([*parts, *([] if self.use_bias else ["no bias"])])

    def specimen_shape(self) -> Shape:
        return (8, 2)
