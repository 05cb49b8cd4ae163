"""Convolutions over images (height, width, channels), as correlations: kernels are not flipped.

Along each spatial axis the output at `i` sees the cells `i * stride + k * dilation - before`, cells outside the image
being 0. With padding `valid` nothing lies outside and before = 0; with `same` the output has ceil(size / stride) cells
and the padding is that of `harness.spec.layers.base.padded`, the smaller half before. `same_lower` has the larger half
before (ONNX's SAME_LOWER); so lies, with an odd kernel, what other frameworks make of a padding of half the kernel on
either side.
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod
from typing import Literal

from harness.spec.activations import Softmax
from harness.spec.initializers import AnyInitializer, XavierUniform, Zeros
from harness.spec.layers.base import ConvolutionPadding, Pair, pair_in_tables, windows_shape
from harness.spec.layers.dense import Activated
from harness.spec.numbers import Count
from harness.spec.parameters import Parameter, Shape

DRAWN = XavierUniform()


class Convolution(Activated):
    """Base of the convolutions."""

    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: ConvolutionPadding = "valid"
    dilation: Pair = (1, 1)
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()

    @abstractmethod
    def channels(self, shape: Shape) -> int:
        """The number of output channels for an input of `shape`."""

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns = self.rows_and_columns(shape)
        return rows, columns, self.channels(shape)

    def rows_and_columns(self, shape: Shape) -> Shape:
        return windows_shape(shape, self.word(), self.kernel_size, self.strides, self.dilation, self.padding)

    def after_the_kernel(self, shape: Shape) -> tuple[Parameter, ...]:
        """The parameters after the kernel: the bias, if any, and those of the activation."""
        after = self.output_shape(shape)
        bias = Parameter(name="bias", shape=(after[2],), initializer=self.bias_initializer)
        return (*([bias] if self.use_bias else []), *self.activation.parameters(after))

    @property
    def name_in_tables(self) -> str:
        parts = [self.word(), f"{self.kernel_size[0]}x{self.kernel_size[1]}", self.padding]
        parts += [pair_in_tables(self.strides, "stride"), pair_in_tables(self.dilation, "dilation")]
        parts += ["" if self.use_bias else "no bias"]
        return " ".join(filter(None, parts))

    def specimen_shape(self) -> Shape:
        return (7, 8, 2)


class Conv2d(Convolution):
    """`activation(sum_{h, w, c} x[.., h, w, c] * kernel[h, w, c, filters] + bias)`, kernel (kh, kw, in, filters).

    With `groups` the channels and the filters are divided into so many groups side by side, and a filter sees the
    channels of its group alone: the kernel is (kh, kw, in / groups, filters).
    """

    kind: Literal["conv2d"] = "conv2d"
    filters: Count
    groups: Count = 1
    kernel_initializer: AnyInitializer

    @classmethod
    def specimens(cls) -> tuple[Conv2d, ...]:
        return (
            cls(filters=3, kernel_size=(3, 2), kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=(3, 3), strides=(2, 2), padding="same", kernel_initializer=DRAWN),
            cls(filters=3, kernel_size=(3, 2), dilation=(2, 2), kernel_initializer=DRAWN, use_bias=False),
            cls(
                filters=3,
                kernel_size=(3, 2),
                strides=(2, 1),
                dilation=(2, 2),
                padding="same",
                kernel_initializer=DRAWN,
                activation=Softmax(),
            ),
            cls(filters=3, kernel_size=(3, 2), strides=(2, 2), padding="same_lower", kernel_initializer=DRAWN),
            cls(filters=4, kernel_size=(3, 2), padding="same", groups=2, kernel_initializer=DRAWN),
            cls(filters=4, kernel_size=(3, 3), strides=(2, 2), groups=2, kernel_initializer=DRAWN),
        )

    def channels(self, shape: Shape) -> int:
        if shape[2] % self.groups or self.filters % self.groups:
            raise ValueError(
                f"conv2d divides channels and filters into {self.groups} groups, got {shape[2]} channels and "
                f"{self.filters} filters"
            )
        return self.filters

    @property
    def name_in_tables(self) -> str:
        return super().name_in_tables + (f" groups {self.groups}" if self.groups > 1 else "")

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        kernel = (*self.kernel_size, shape[2] // self.groups, self.filters)
        return (
            Parameter(name="kernel", shape=kernel, initializer=self.kernel_initializer),
            *self.after_the_kernel(shape),
        )

    def multiply_adds(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * prod(self.kernel_size) * shape[2] // self.groups


class DepthwiseConv2d(Convolution):
    """`activation(sum_{h, w} x[.., h, w, c] * depthwise_kernel[h, w, c, m] + bias)`, of every channel c by itself.

    depthwise_kernel is (kh, kw, in, multiplier); its output (c, m) is channel `c * multiplier + m`.
    """

    kind: Literal["depthwise_conv2d"] = "depthwise_conv2d"
    multiplier: Count = 1
    depthwise_initializer: AnyInitializer

    @classmethod
    def specimens(cls) -> tuple[DepthwiseConv2d, ...]:
        return (
            cls(kernel_size=(3, 2), multiplier=2, depthwise_initializer=DRAWN),
            cls(kernel_size=(3, 2), strides=(2, 1), padding="same", depthwise_initializer=DRAWN),
            cls(kernel_size=(3, 2), strides=(2, 2), dilation=(2, 2), padding="same", depthwise_initializer=DRAWN),
        )

    def channels(self, shape: Shape) -> int:
        return shape[2] * self.multiplier

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        kernel = (*self.kernel_size, shape[2], self.multiplier)
        return (
            Parameter(name="depthwise_kernel", shape=kernel, initializer=self.depthwise_initializer),
            *self.after_the_kernel(shape),
        )

    def multiply_adds(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * prod(self.kernel_size)


class SeparableConv2d(Convolution):
    """A depthwise convolution without a bias, then `activation(sum_c z[.., c] * pointwise_kernel[0, 0, c, f] + bias)`.

    depthwise_kernel is (kh, kw, in, multiplier), pointwise_kernel (1, 1, in * multiplier, filters).
    """

    kind: Literal["separable_conv2d"] = "separable_conv2d"
    filters: Count
    multiplier: Count = 1
    depthwise_initializer: AnyInitializer
    pointwise_initializer: AnyInitializer

    @classmethod
    def specimens(cls) -> tuple[SeparableConv2d, ...]:
        initializers = {"depthwise_initializer": DRAWN, "pointwise_initializer": DRAWN}
        return (
            cls(filters=3, multiplier=2, kernel_size=(3, 2), padding="same", **initializers),
            cls(filters=3, kernel_size=(3, 3), strides=(2, 2), **initializers),
        )

    def channels(self, shape: Shape) -> int:
        return self.filters

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        depthwise = (*self.kernel_size, shape[2], self.multiplier)
        pointwise = (1, 1, shape[2] * self.multiplier, self.filters)
        return (
            Parameter(name="depthwise_kernel", shape=depthwise, initializer=self.depthwise_initializer),
            Parameter(name="pointwise_kernel", shape=pointwise, initializer=self.pointwise_initializer),
            *self.after_the_kernel(shape),
        )

    def multiply_adds(self, shape: Shape) -> int:
        between = prod(self.rows_and_columns(shape)) * shape[2] * self.multiplier
        return between * (prod(self.kernel_size) + self.filters)
