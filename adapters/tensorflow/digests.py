"""What is watched of every step, in TensorFlow: one short vector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.digests import pattern, weights_first
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.tensorflow.runtime import floats
from harness.records.step_columns import Watched, columns, watched_parameters
from harness.spec.model import Model
from harness.spec.parameters import Parameter


class Watching:
    """A step's numbers in one row, those of weights first; `table` makes the columns of rows."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], parameters: dict[str, Any], setting: Setting) -> None:
        kinds = weights_first(watch)
        groups = [_Grouped(watched_parameters(word, kind), kind.endswith("_norm"), setting) for kind in kinds]
        names = [f"{kind}/{name}" for kind, group in zip(kinds, groups, strict=True) for name in group.names]
        self.places = [names.index(name) for name in columns(word, watch)]
        self.width = len(names)
        self.subjects = tuple(kind.partition("_")[0] for kind in kinds)
        self.groups = groups
        self.weights = [parameters[p.name].value for p in word.parameters()]

    def of_weights(self) -> Any:
        """The first part of a row: the weights as they are."""
        numbers: Any = ()
        for index, subject in enumerate(self.subjects):
            if subject == "weight":
                numbers += (self.groups[index](self.weights),)
        return numbers

    def __call__(self, of_weights: Any, gradients: Any, clipped: Any) -> Any:
        numbers = of_weights
        for index, subject in enumerate(self.subjects):
            if subject != "weight":
                numbers += (self.groups[index](gradients if subject == "gradient" else clipped),)
        return tf.concat(numbers, 0)

    def table(self, rows: Array) -> Array:
        """(steps, columns), named by `records.step_columns.columns`."""
        return rows[:, self.places]


class _Grouped:
    """The norm of each of some tensors, or each one's projection."""

    def __init__(self, parameters: tuple[Parameter, ...], norm: bool, setting: Setting) -> None:
        self.names = [parameter.name for parameter in parameters]
        self.norm, self.xla = norm, setting.mode == "xla"
        self.patterns = [] if norm else [floats(pattern(parameter.shape), setting) for parameter in parameters]

    def __call__(self, tensors: Any) -> Any:
        if self.norm:
            return tf.stack([self._norm(tensor) for tensor in tensors])
        return tf.stack([self._sum(tensor * fixed) for tensor, fixed in zip(tensors, self.patterns, strict=True)])

    def _norm(self, tensor: Any) -> Any:
        return tf.sqrt(self._sum(tensor * tensor) if self.xla else 2 * tf.nn.l2_loss(tensor))

    def _sum(self, tensor: Any) -> Any:
        return _summed_by_product(tensor) if self.xla else tf.reduce_sum(tensor)


def _summed_by_product(tensor: Any) -> Any:
    """The sum of all elements. XLA adds up a large tensor one by one, 8 times as slow as a product with ones."""
    if len(tensor.shape) < 2:
        return tf.reduce_sum(tensor)
    rows = tf.reshape(tensor, (-1, tensor.shape[-1]))
    return tf.reduce_sum(tf.matmul(rows, tf.ones((rows.shape[1], 1), tensor.dtype)))
