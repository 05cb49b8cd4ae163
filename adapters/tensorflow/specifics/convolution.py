"""What is done before and after a convolution of Keras: padding, thinning out, a bias."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.layers.base import padded


class Biased:
    """A layer, and a bias along its channels, which come first."""

    def __init__(self, native: Any, bias: Any) -> None:
        self.native, self.bias = native, bias

    def __call__(self, x: Any) -> Any:
        return tf.nn.bias_add(self.native(x), self.bias.value, data_format="NCHW")


class Padded:
    """A layer on an image that is padded already; of what comes out, every so many-th row and column is kept."""

    def __init__(
        self, native: Any, word: spec.Convolution, shape: tuple[int, ...], layout: Layout, every: tuple[int, int]
    ) -> None:
        self.native, self.first, self.every = native, layout == "channels_first", every
        axes = zip(shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
        self.outside = [padded(size, window, stride, apart, word.padding) for size, window, stride, apart in axes]

    def __call__(self, x: Any) -> Any:
        (down, right), none = self.every, (0, 0)
        wide = tf.pad(x, [none, none, *self.outside] if self.first else [none, *self.outside, none])
        y = self.native(wide)
        return y[:, :, ::down, ::right] if self.first else y[:, ::down, ::right]
