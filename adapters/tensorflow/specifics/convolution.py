"""Steps before and after a convolution of Keras: padding and thinning."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.layers.base import padded


class PaddedAndThinned:
    """Padding, a layer, and thinning: of the output, each `keep_every`-th row and column is kept."""

    def __init__(
        self, native: Any, word: spec.Convolution, shape: tuple[int, ...], layout: Layout, keep_every: tuple[int, int]
    ) -> None:
        self.native, self.channels_first, self.keep_every = native, layout == "channels_first", keep_every
        axes = zip(shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
        self.paddings = [padded(*sizes, word.padding) for sizes in axes]

    def __call__(self, x: Any) -> Any:
        (row_stride, column_stride), no_padding = self.keep_every, (0, 0)
        paddings = [no_padding, *self.paddings] if self.channels_first else [*self.paddings, no_padding]
        y = self.native(tf.pad(x, [no_padding, *paddings]))
        return y[:, :, ::row_stride, ::column_stride] if self.channels_first else y[:, ::row_stride, ::column_stride]
