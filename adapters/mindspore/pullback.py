"""What MindSpore needs to differentiate one thing by itself: a Cell or a function, pulled back to all it was given."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn

from adapters.protocol import Array, Parameters


def pulled_back(
    function: Any, x: Array, upstream: Array, extra: Parameters, dtype: Any, run: Any, parameters: tuple[Any, ...] = ()
) -> tuple[Array, list[Array]]:
    """The value of `function(x, *extra)`, and what `upstream` becomes on the way back to x, each extra, each parameter.

    `run` compiles, or does not. A value may have any shape; it is computed once, for it may update what a layer keeps.
    """
    given = [Tensor(value, dtype) for value in (x, upstream, *extra.values())]
    positions = (0, *range(2, len(given)))
    weights = ms.ParameterTuple(parameters) if parameters else None
    weighted = ms.value_and_grad(Weighted(function), positions, weights, has_aux=True)
    (_, value), found = run(Called(weighted).construct)(*given)
    by_given, by_parameters = found if parameters else (found, ())
    if len(positions) == 1 and not isinstance(by_given, tuple):
        by_given = (by_given,)
    return value.asnumpy().copy(), [each.asnumpy().copy() for each in (*by_given, *by_parameters)]


class Weighted(nn.Cell):
    """`sum(function(x) * upstream)`, whose gradient is what upstream becomes on the way back, and the value itself."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any, upstream: Any, *extra: Any) -> Any:
        value = self.function(x, *extra)
        return (value * upstream).sum(), value


class Called(nn.Cell):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, *given: Any) -> Any:
        return self.function(*given)


class InPlace(nn.Cell):
    """A layer's Cell, in training or in evaluation, as a function of its input and its noise."""

    def __init__(self, cell: Any, training: bool) -> None:
        super().__init__()
        self.cell, self.in_training = cell, training

    def construct(self, x: Any, *noise: Any) -> Any:
        return self.cell(x, self.in_training, noise)


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
