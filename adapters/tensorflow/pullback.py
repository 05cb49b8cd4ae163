"""What TensorFlow needs to differentiate one thing by itself: a function, pulled back to all it is given."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from adapters.tensorflow.runtime import array, compiled, floats


def pulled_back(
    function: Any, x: Array, upstream: Array, extra: Parameters, setting: Setting, parameters: tuple[Any, ...] = ()
) -> tuple[Array, list[Array]]:
    """The value of `function(x, *extra)`, and what `upstream` becomes on the way back to x, each extra, each parameter.

    A value may have any shape; it is computed once, for it may update what a layer keeps.
    """
    inputs = [floats(value, setting) for value in (x, *extra.values())]
    weights = [parameter.value for parameter in parameters]

    def differentiate(upstream: Any, *inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs)
        zero = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, [*inputs, *weights], upstream, unconnected_gradients=zero)

    value, gradients = compiled(differentiate, setting)(floats(upstream, setting), *inputs)
    return array(value), [array(gradient) for gradient in gradients]


class InPlace:
    """A layer, in training or in evaluation, as a function of its input and its noise."""

    def __init__(self, layer: Any, in_training: bool) -> None:
        self.layer, self.in_training = layer, in_training

    def __call__(self, x: Any, *noise: Any) -> Any:
        return self.layer(x, self.in_training, noise)


class Against:
    """A loss as a function of the outputs alone."""

    def __init__(self, criterion: Any, targets: Any) -> None:
        self.criterion, self.targets = criterion, targets

    def __call__(self, outputs: Any) -> Any:
        return self.criterion(outputs, self.targets)


class PlusPenalty:
    """A penalty as a function of a number, to which it is added, and of the kernels."""

    def __init__(self, penalty: Any) -> None:
        self.penalty = penalty

    def __call__(self, x: Any, *kernels: Any) -> Any:
        return x + self.penalty(kernels)
