"""What MindSpore needs to differentiate one thing by itself: a Cell or a function, pulled back to all it is given."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn

from adapters.mindspore.runtime import array, compiled, floats
from adapters.protocol import Array, Parameters
from adapters.setting import Setting


def pulled_back(
    function: Any, x: Array, upstream: Array, extra: Parameters, setting: Setting, parameters: tuple[Any, ...] = ()
) -> tuple[Array, list[Array]]:
    """The value of `function(x, *extra)`, and what `upstream` becomes on the way back to x, each extra, each parameter.

    A value may have any shape; it is computed once, for it may update what a layer keeps.
    """
    inputs = [floats(value, setting) for value in (x, upstream, *extra.values())]
    positions = (0, *range(2, len(inputs)))
    weights = ms.ParameterTuple(parameters) if parameters else None
    weighted = ms.value_and_grad(_Weighted(function), positions, weights, has_aux=True)
    (_, value), gradients = compiled(_Called(weighted).construct, setting)(*inputs)
    by_inputs, by_parameters = gradients if parameters else (gradients, ())
    if len(positions) == 1 and not isinstance(by_inputs, tuple):
        by_inputs = (by_inputs,)
    return array(value), [array(gradient) for gradient in (*by_inputs, *by_parameters)]


class InPlace(nn.Cell):
    """A layer, in training or in evaluation, as a function of its input and its noise."""

    def __init__(self, layer: Any, in_training: bool) -> None:
        super().__init__()
        self.layer, self.in_training = layer, in_training

    def construct(self, x: Any, *noise: Any) -> Any:
        return self.layer(x, self.in_training, noise)


class Against(nn.Cell):
    """A loss as a function of the outputs alone."""

    def __init__(self, criterion: Any, targets: Any) -> None:
        super().__init__()
        self.criterion, self.targets = criterion, targets

    def construct(self, outputs: Any) -> Any:
        return self.criterion(outputs, self.targets)


class PlusPenalty(nn.Cell):
    """A penalty as a function of a number, to which it is added, and of the kernels."""

    def __init__(self, penalty: Any) -> None:
        super().__init__()
        self.penalty = penalty

    def construct(self, x: Any, *kernels: Any) -> Any:
        return x + self.penalty(kernels)


class _Weighted(nn.Cell):
    """`sum(function(x) * upstream)`, whose gradient is what upstream becomes on the way back, and the value itself."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any, upstream: Any, *extra: Any) -> Any:
        value = self.function(x, *extra)
        return (value * upstream).sum(), value


class _Called(nn.Cell):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, *inputs: Any) -> Any:
        return self.function(*inputs)
