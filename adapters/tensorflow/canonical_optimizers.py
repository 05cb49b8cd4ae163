"""The canonical update rules in TensorFlow: `adapters.canonical` on its tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from adapters.canonical import RULES, apply_decay, follow, kinds_that_follow, words_for_parameter
from adapters.coefficients import coefficients
from adapters.forms import update_rates
from adapters.protocol import made_by
from harness.spec.recipe import Update


class TensorFlowMaths:
    """`adapters.canonical.Maths` in TensorFlow."""

    sqrt = staticmethod(tf.sqrt)
    abs = staticmethod(tf.abs)
    maximum = staticmethod(tf.maximum)
    minimum = staticmethod(tf.minimum)
    sign = staticmethod(tf.sign)
    where = staticmethod(tf.where)
    pow = staticmethod(tf.pow)
    zeros_like = staticmethod(tf.zeros_like)
    ones_like = staticmethod(tf.ones_like)

    @staticmethod
    def norm(x: Any) -> Any:
        """The root of the sum of all squared elements."""
        return tf.sqrt(tf.reduce_sum(x * x))


class CanonicalUpdate:
    """The update of all weights by the canonical rule and the weight decay. It counts the steps."""

    def __init__(self, update: Update, parameters: dict[str, Any], horizon: int, precision: str) -> None:
        rates = update_rates(update, horizon)
        table = coefficients(update, rates)
        self.names = tuple(table)
        self.table = tf.constant(np.stack(list(table.values()), axis=1), precision)
        self.weight_rules = [WeightRule(update, name, w.value, rates[0], precision) for name, w in parameters.items()]
        self.step = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> None:
        scalars = tf.unstack(tf.gather(self.table, self.step))
        c = dict(zip(self.names, scalars, strict=True))
        for weight_rule, gradient in zip(self.weight_rules, gradients, strict=True):
            weight_rule(c, gradient)
        self.step.assign_add(1)


class WeightRule:
    """The canonical rule for one weight, with the slots of that weight."""

    def __init__(self, update: Update, name: str, w: Any, first_rate: float, precision: str) -> None:
        self.word, decay = words_for_parameter(update, name)
        self.decay = decay.word()
        rule = made_by(RULES, self.word, "tensorflow")
        self.update, self.maths = rule.update, TensorFlowMaths()
        self.w = w
        self.slots = [
            tf.Variable(np.full(w.shape, value), dtype=precision) for value in rule.initial(self.word, first_rate)
        ]
        self.follower = Follower(update, w)

    def __call__(self, c: Any, gradient: Any) -> None:
        w, g = apply_decay(self.decay, c, self.w, gradient)
        new_weight, new_slots = self.update(self.word, c, w, g, self.slots, self.maths)
        for slot, value in zip(self.slots, new_slots, strict=True):
            slot.assign(value)
        self.follower(c, new_weight)


class Follower:
    """The look-ahead and the averaging of one weight, with the copies of that weight."""

    def __init__(self, update: Update, w: Any) -> None:
        self.w, self.kinds = w, kinds_that_follow(update)
        self.copies = [tf.Variable(w) for _ in update.slots_of_weights]

    def __call__(self, c: Any, w: Any) -> None:
        new_weight, new_copies = follow(self.kinds, c, w, self.copies)
        self.w.assign(new_weight)
        for copy, value in zip(self.copies, new_copies, strict=True):
            copy.assign(value)
