"""Activations as MindSpore operations on tensors, the channels last.

A Python number meets a float64 tensor as float32, so that constants are Tensors wherever float32 would round them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import activations as spec

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_CUBIC = 0.044715


def leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    return Sloped(_constant(word.slope, setting))


def rrelu(word: spec.Rrelu, setting: Setting) -> Any:
    return Sloped(_constant((word.lower + word.upper) / 2, setting))


def elu(word: spec.Elu, setting: Setting) -> Any:
    return ops.elu if word.alpha == 1 else ExponentialBelowZero(1.0, word.alpha, 1.0, setting)


def selu(_: spec.Selu, setting: Setting) -> Any:
    return ExponentialBelowZero(SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0, setting)


def celu(word: spec.Celu, setting: Setting) -> Any:
    if setting.precision == "float64":
        return ExponentialBelowZero(1.0, word.alpha, word.alpha, setting)
    return Native(ops.celu, word.alpha)


def softplus(_: spec.Softplus, setting: Setting) -> Any:
    return _softplus_of_primitives if setting.precision == "float64" else ops.softplus


def log_softmax(_: spec.LogSoftmax, setting: Setting) -> Any:
    return _log_softmax_of_primitives if setting.precision == "float64" else _log_softmax_last_axis


def gelu(word: spec.Gelu, setting: Setting) -> Any:
    if word.form == "tanh" and setting.precision == "float64":
        return GeluTanh(setting)
    return Native(ops.gelu, "none" if word.form == "erf" else "tanh")


def relu6(_: spec.Relu6, setting: Setting) -> Any:
    return _relu_up_to_6 if setting.precision == "float64" else ops.relu6


def always(function: Any) -> Callable[[Any, Setting], Any]:
    """The same function in every setting."""
    return lambda _, setting: function


class Native(nn.Cell):
    """A native function with its second argument."""

    def __init__(self, function: Any, argument: Any) -> None:
        super().__init__()
        self.function, self.argument = function, argument

    def construct(self, x: Any) -> Any:
        return self.function(x, self.argument)


class Sloped(nn.Cell):
    """x where positive, else slope * x, the slope fixed or given."""

    def __init__(self, slope: Any) -> None:
        super().__init__()
        self.slope = slope

    def construct(self, x: Any, *given: Any) -> Any:
        slope = given[0] if given else self.slope
        return ops.where(x > 0, x, slope * x)


class ExponentialBelowZero(nn.Cell):
    """above * x where positive, else below * (exp(x / width) - 1)."""

    def __init__(self, above: float, below: float, width: float, setting: Setting) -> None:
        super().__init__()
        self.zero, self.width = _constant(0.0, setting), _constant(width, setting)
        self.above, self.below = _constant(above, setting), _constant(below, setting)

    def construct(self, x: Any) -> Any:
        negative = ops.where(x > 0, self.zero, x)  # else expm1 overflows on the side that is not taken
        return ops.where(x > 0, self.above * x, self.below * ops.expm1(negative / self.width))


class GeluTanh(nn.Cell):
    """`(1 + tanh(u)) / 2` is the sigmoid of 2u."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.twice, self.cubic = _constant(2 * math.sqrt(2 / math.pi), setting), _constant(GELU_CUBIC, setting)

    def construct(self, x: Any) -> Any:
        return x * ops.sigmoid(self.twice * (x + self.cubic * x * x * x))


def _constant(value: float, setting: Setting) -> Any:
    return Tensor(value, getattr(ms, setting.precision))


def _identity(x: Any) -> Any:
    return x


def _sloped(x: Any, slope: Any) -> Any:
    return ops.where(x > 0, x, slope * x)


def _relu_up_to_6(x: Any) -> Any:
    return ops.clamp(ops.relu(x), None, 6.0)


def _between_minus_1_and_1(x: Any) -> Any:
    return ops.clamp(x, -1.0, 1.0)


def _softmax_last_axis(x: Any) -> Any:
    # In PyNative a first gradient over an axis of one element would make all later ones of the process wrong.
    return ops.exp(x - x) if x.shape[-1] == 1 else ops.softmax(x, -1)


def _log_softmax_last_axis(x: Any) -> Any:
    return ops.log_softmax(x, -1)


def _log_softmax_of_primitives(x: Any) -> Any:
    shifted = x - ops.stop_gradient(x.max(-1, keepdims=True))
    return shifted - ops.log(ops.exp(shifted).sum(-1, keepdims=True))


def _softplus_of_primitives(x: Any) -> Any:
    # At 0 the gradient of the maximum is 1/2 and that of the modulus 0, so that their sum is right there too.
    return ops.maximum(x, ops.zeros_like(x)) + ops.log1p(ops.exp(-ops.abs(x)))


def _mish(x: Any) -> Any:
    """x * tanh(log(1 + n)), n = exp(x), as a quotient that nothing overflows in."""
    small = ops.exp(-ops.abs(x))  # its gradient at 0 is 0, and so is the x that multiplies it
    square = ops.where(x > 0, small * small, ops.ones_like(x))
    above = ops.where(x > 0, 1 + 2 * small, small * (small + 2))
    return x * (above / (above + 2 * square))


ACTIVATIONS: dict[type[spec.Activation], Callable[[Any, Setting], Any]] = {
    spec.Linear: always(_identity),
    spec.Sigmoid: always(ops.sigmoid),
    spec.Tanh: always(ops.tanh),
    spec.Relu: always(ops.relu),  # its gradient at 0 is 0
    spec.Relu6: relu6,
    spec.LeakyRelu: leaky_relu,
    spec.Prelu: always(_sloped),
    spec.Rrelu: rrelu,
    spec.Elu: elu,
    spec.Selu: selu,
    spec.Celu: celu,
    spec.Softplus: softplus,
    spec.Softsign: always(ops.softsign),
    spec.Softmax: always(_softmax_last_axis),
    spec.LogSoftmax: log_softmax,
    spec.HardSigmoid: always(ops.hardsigmoid),
    spec.HardSwish: always(ops.hardswish),
    spec.Silu: always(ops.silu),
    spec.Gelu: gelu,
    spec.Mish: always(_mish),
    spec.ExponentialActivation: always(ops.exp),
    spec.HardTanh: always(_between_minus_1_and_1),
}


def activation(word: spec.Activation, setting: Setting) -> Any:
    """A function from a tensor, and what it learned or (in training) its noise, to a tensor."""
    return made_by(ACTIVATIONS, word, "mindspore")(word, setting)
