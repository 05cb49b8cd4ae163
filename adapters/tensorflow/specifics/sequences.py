"""Steps around a convolution over sequences of Keras: padding and thinning."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from harness.spec import layers as spec
from harness.spec.layers.base import padded


class PaddedAndThinnedSequence:
    """Padding, a layer, and thinning: of the output, each `word.strides`-th cell is kept."""

    def __init__(self, native: Any, word: spec.Conv1d, length: int) -> None:
        self.native, self.keep_every = native, word.strides
        self.padding = padded(length, word.kernel_size, word.strides, word.dilation, word.padding)

    def __call__(self, x: Any) -> Any:
        return self.native(tf.pad(x, [(0, 0), self.padding, (0, 0)]))[:, :: self.keep_every]
