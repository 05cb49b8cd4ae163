"""Keras' batch normalisation, with the moving variance of either definition."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class BatchNormalisation:
    """Keras' layer. If `unbiased`, the moving variance averages batch variances divided by the count less one."""

    def __init__(self, native: Any, unbiased: bool) -> None:
        self.native, self.unbiased = native, unbiased

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        if not (training and self.unbiased):
            return self.native(x, training=training)
        moving_variance = self.native.moving_variance
        retained = self.native.momentum * tf.identity(moving_variance.value)
        y = self.native(x, training=True)
        count = tf.cast(tf.size(x) // tf.size(retained), retained.dtype)
        moving_variance.assign(retained + (moving_variance.value - retained) * (count / tf.maximum(count - 1, 1)))
        return y
