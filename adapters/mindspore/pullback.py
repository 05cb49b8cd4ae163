"""The gradients of a single function or Cell in MindSpore by its inputs and parameters."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn

from adapters.mindspore.runtime import array, compiled, floats
from adapters.protocol import Array, Parameters
from adapters.setting import Setting


def pull_back(
    function: Any, x: Array, upstream: Array, extra: Parameters, setting: Setting, parameters: tuple[Any, ...] = ()
) -> tuple[Array, list[Array]]:
    """The value of `function(x, *extra)`, and the gradients of `sum(value * upstream)` by x, extras and parameters.

    The value may have any shape. It is computed once, because the function may update the state of a layer.
    """
    inputs = [floats(value, setting) for value in (x, upstream, *extra.values())]
    input_positions = (0, *range(2, len(inputs)))
    weights = ms.ParameterTuple(parameters) if parameters else None
    weighted_sum = ms.value_and_grad(_WeightedSum(function), input_positions, weights, has_aux=True)
    (_, value), gradients = compiled(_AsCell(weighted_sum).construct, setting)(*inputs)
    input_gradients, parameter_gradients = gradients if parameters else (gradients, ())
    if len(input_positions) == 1 and not isinstance(input_gradients, tuple):
        input_gradients = (input_gradients,)
    return array(value), [array(gradient) for gradient in (*input_gradients, *parameter_gradients)]


class LayerInMode(nn.Cell):
    """A layer in training or in evaluation, as a function of its input and its noise."""

    def __init__(self, layer: Any, in_training: bool) -> None:
        super().__init__()
        self.layer, self.in_training = layer, in_training

    def construct(self, x: Any, *noise: Any) -> Any:
        return self.layer(x, self.in_training, noise)


class LossOfOutputs(nn.Cell):
    """A loss as a function of the outputs alone."""

    def __init__(self, loss: Any, targets: Any) -> None:
        super().__init__()
        self.loss, self.targets = loss, targets

    def construct(self, outputs: Any) -> Any:
        return self.loss(outputs, self.targets)


class AddedPenalty(nn.Cell):
    """`x + penalty(kernels)` as a function of the number x and the kernels."""

    def __init__(self, penalty: Any) -> None:
        super().__init__()
        self.penalty = penalty

    def construct(self, x: Any, *kernels: Any) -> Any:
        return x + self.penalty(kernels)


class _WeightedSum(nn.Cell):
    """`sum(function(x) * upstream)`, whose gradient is the product of upstream and the derivative, and the value."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any, upstream: Any, *extra: Any) -> Any:
        value = self.function(x, *extra)
        return (value * upstream).sum(), value


class _AsCell(nn.Cell):
    """A function as a Cell, because `ms.jit` compiles the method of a Cell."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, *inputs: Any) -> Any:
        return self.function(*inputs)
