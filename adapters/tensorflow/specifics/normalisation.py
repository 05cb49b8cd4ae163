"""Keras' batch normalisation, and the moving variance that others keep."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class NormalisedBatch:
    """`unbiased`: the moving variance takes up that of the batch divided by one less than the count."""

    def __init__(self, native: Any, unbiased: bool) -> None:
        self.native, self.unbiased = native, unbiased

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        if not (training and self.unbiased):
            return self.native(x, training=training)
        moving = self.native.moving_variance
        left = self.native.momentum * tf.identity(moving.value)
        y = self.native(x, training=True)
        count = tf.cast(tf.size(x) // tf.size(left), left.dtype)
        moving.assign(left + (moving.value - left) * (count / tf.maximum(count - 1, 1)))
        return y
