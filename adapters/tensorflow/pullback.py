"""The gradients of a single function in TensorFlow by its inputs and parameters."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from adapters.tensorflow.runtime import array, compiled, floats


def pull_back(
    function: Any, x: Array, upstream: Array, extra: Parameters, setting: Setting, parameters: tuple[Any, ...] = ()
) -> tuple[Array, list[Array]]:
    """The value of `function(x, *extra)`, and the gradients of `sum(value * upstream)` by x, extras and parameters.

    The value may have any shape. It is computed once, because the function may update the state of a layer.
    """
    inputs = [floats(value, setting) for value in (x, *extra.values())]
    weights = [parameter.value for parameter in parameters]

    def differentiate(upstream: Any, *inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs)
        zero_gradients = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, [*inputs, *weights], upstream, unconnected_gradients=zero_gradients)

    value, gradients = compiled(differentiate, setting)(floats(upstream, setting), *inputs)
    return array(value), [array(gradient) for gradient in gradients]


class LayerInMode:
    """A layer in training or in evaluation, as a function of its input and its noise."""

    def __init__(self, layer: Any, in_training: bool) -> None:
        self.layer, self.in_training = layer, in_training

    def __call__(self, x: Any, *noise: Any) -> Any:
        return self.layer(x, self.in_training, noise)


class LossOfOutputs:
    """A loss as a function of the outputs alone."""

    def __init__(self, loss: Any, targets: Any) -> None:
        self.loss, self.targets = loss, targets

    def __call__(self, outputs: Any) -> Any:
        return self.loss(outputs, self.targets)


class AddedPenalty:
    """`x + penalty(kernels)` as a function of the number x and the kernels."""

    def __init__(self, penalty: Any) -> None:
        self.penalty = penalty

    def __call__(self, x: Any, *kernels: Any) -> Any:
        return x + self.penalty(kernels)
