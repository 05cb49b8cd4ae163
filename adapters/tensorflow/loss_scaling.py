"""The factor of the loss in mixed precision, in TensorFlow: a number, or a variable that follows a rule.

The rule is composed of TensorFlow's operations: `keras.optimizers.LossScaleOptimizer` lets the factor fall below 1, and
knows no other growth than by 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from harness.spec.loss_scale import DynamicLossScale


class LossScaler:
    """The factor. `dynamic`: whether it is a variable, and updates whose gradients are not finite are skipped."""

    def __init__(self, stated: float | DynamicLossScale) -> None:
        self.dynamic = isinstance(stated, DynamicLossScale)
        self.rule = stated if isinstance(stated, DynamicLossScale) else DynamicLossScale(initial=stated)
        self.factor = tf.Variable(self.rule.initial, dtype=tf.float32, trainable=False)
        self.finite_steps = tf.Variable(0, dtype=tf.int32, trainable=False)

    def scaled(self, value: Any) -> Any:
        """The loss times the factor."""
        return value * self.factor

    def unscaled(self, gradients: Any) -> Any:
        """The gradients divided by the factor."""
        return [gradient / self.factor for gradient in gradients]

    def all_finite(self, gradients: Any) -> Any:
        """Whether all gradients are finite, a tensor."""
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])

    def finite_or_zero(self, gradients: Any, is_finite: Any) -> Any:
        """The gradients where they are finite, else zeros."""
        return [tf.where(is_finite, gradient, tf.zeros_like(gradient)) for gradient in gradients]

    def adjust(self, is_finite: Any) -> Any:
        """Changes the factor after a step whose gradients were finite or not, as `DynamicLossScale` says."""
        count = self.finite_steps + 1
        grown = self.factor * self.rule.factor
        is_full = count == self.rule.window
        larger = tf.where(tf.logical_and(is_full, tf.math.is_finite(grown)), grown, self.factor)
        self.factor.assign(tf.where(is_finite, larger, tf.maximum(self.factor / self.rule.factor, 1.0)))
        self.finite_steps.assign(tf.where(tf.logical_and(is_finite, tf.logical_not(is_full)), count, 0))

    def number(self) -> float:
        """The factor now."""
        return float(np.array(self.factor))

    def set_number(self, number: float) -> None:
        """Overwrites the factor, and not the number of finite steps."""
        self.factor.assign(number)

    def restart(self) -> None:
        """Resets the factor and the number of finite steps to their start."""
        self.factor.assign(self.rule.initial)
        self.finite_steps.assign(0)
