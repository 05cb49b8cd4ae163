"""What is watched of every step, in TensorFlow: one short vector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.digests import pattern
from adapters.setting import Setting
from harness.records.step_columns import Watched, watched_parameters
from harness.spec.model import Model


class Watching:
    """From the gradients of a step and the weights after it to the columns of `records.step_columns.columns`."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], named: dict[str, Any], setting: Setting) -> None:
        self.kinds = tuple(kind.split("_") for kind in watch)
        self.weights = [named[p.name].value for p in word.parameters()]
        patterns = {p.name: tf.constant(pattern(p.shape), setting.precision) for p in word.parameters() if watch}
        self.patterns = [[patterns[p.name] for p in watched_parameters(word, kind)] for kind in watch]
        self.width = sum(map(len, self.patterns))
        self.xla = setting.mode == "xla"

    def __call__(self, gradients: Any, clipped: Any) -> Any:
        found = []
        for (of, what), patterns in zip(self.kinds, self.patterns, strict=True):
            tensors = {"gradient": gradients, "clipped": clipped, "weight": self.weights}[of]
            found += [
                self.norm(tensor) if what == "norm" else self.sum(tensor * own)
                for tensor, own in zip(tensors, patterns, strict=True)
            ]
        return tf.stack(found)

    def norm(self, tensor: Any) -> Any:
        return tf.sqrt(self.sum(tensor * tensor) if self.xla else 2 * tf.nn.l2_loss(tensor))

    def sum(self, tensor: Any) -> Any:
        return summed_by_product(tensor) if self.xla else tf.reduce_sum(tensor)


def summed_by_product(tensor: Any) -> Any:
    """The sum of all elements. XLA adds up a large tensor one by one, 8 times as slow as a product with ones."""
    if len(tensor.shape) < 2:
        return tf.reduce_sum(tensor)
    rows = tf.reshape(tensor, (-1, tensor.shape[-1]))
    return tf.reduce_sum(tf.matmul(rows, tf.ones((rows.shape[1], 1), tensor.dtype)))
