"""The watched numbers of every step in TensorFlow, as one short vector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.digests import pattern, weights_first
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.tensorflow.runtime import floats
from harness.records.step_columns import Watched, columns, watched_parameters
from harness.records.tensor_key import TensorKey
from harness.spec.model import Model
from harness.spec.parameters import Parameter


class WatchedColumns:
    """The watched numbers of a step in one row: those of weights first.

    `table` turns rows into the recorded columns.
    """

    def __init__(self, word: Model, watch: tuple[Watched, ...], parameters: dict[str, Any], setting: Setting) -> None:
        kinds = weights_first(watch)
        groups = [_NumbersOfKind(watched_parameters(word, kind), kind.endswith("_norm"), setting) for kind in kinds]
        names = [TensorKey(kind, name) for kind, group in zip(kinds, groups, strict=True) for name in group.names]
        self.positions = [names.index(name) for name in columns(word, watch)]
        self.width = len(names)
        self.subjects = tuple(kind.partition("_")[0] for kind in kinds)
        self.groups = groups
        self.weights = [parameters[parameter.name].value for parameter in word.parameters()]

    def weight_numbers(self) -> Any:
        """The first part of a row, from the current weights."""
        numbers: Any = ()
        for index, subject in enumerate(self.subjects):
            if subject == "weight":
                numbers += (self.groups[index](self.weights),)
        return numbers

    def __call__(self, weight_numbers: Any, gradients: Any, clipped: Any) -> Any:
        numbers = weight_numbers
        for index, subject in enumerate(self.subjects):
            if subject != "weight":
                numbers += (self.groups[index](gradients if subject == "gradient" else clipped),)
        return tf.concat(numbers, 0)

    def table(self, rows: Array) -> Array:
        """The recorded numbers (steps, columns), named by `records.step_columns.columns`."""
        return rows[:, self.positions]


class _NumbersOfKind:
    """The norm, or the projection, of each parameter of one watched kind."""

    def __init__(self, parameters: tuple[Parameter, ...], norm: bool, setting: Setting) -> None:
        self.names = [parameter.name for parameter in parameters]
        self.norm, self.xla = norm, setting.compiler == "xla"
        self.patterns = [] if norm else [floats(pattern(parameter.shape), setting) for parameter in parameters]

    def __call__(self, tensors: Any) -> Any:
        if self.norm:
            return tf.stack([self._norm(tensor) for tensor in tensors])
        return tf.stack(
            [self._sum(tensor * tensor_pattern) for tensor, tensor_pattern in zip(tensors, self.patterns, strict=True)]
        )

    def _norm(self, tensor: Any) -> Any:
        return tf.sqrt(self._sum(tensor * tensor) if self.xla else 2 * tf.nn.l2_loss(tensor))

    def _sum(self, tensor: Any) -> Any:
        return _sum_by_product(tensor) if self.xla else tf.reduce_sum(tensor)


def _sum_by_product(tensor: Any) -> Any:
    """The sum of all elements. A product with ones is 8 times as fast as XLA's sum, which adds one by one."""
    if len(tensor.shape) < 2:
        return tf.reduce_sum(tensor)
    rows = tf.reshape(tensor, (-1, tensor.shape[-1]))
    return tf.reduce_sum(tf.matmul(rows, tf.ones((rows.shape[1], 1), tensor.dtype)))
