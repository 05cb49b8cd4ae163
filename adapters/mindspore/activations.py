"""Activations as MindSpore operations on tensors, channels last. `realisations.activations` states which is used.

MindSpore rounds a Python number to float32 beside a float64 tensor, so constants that float32 would round are Tensors.
"""

from __future__ import annotations

import math
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.making import maker
from adapters.mindspore.realisations.activations import ACTIVATIONS
from adapters.setting import Make, Setting
from harness.spec import activations as spec

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_CUBIC = 0.044715


def activation(word: spec.Activation, setting: Setting) -> Any:
    """The function from x, and the learned parameters or in training the noise, to the activation of x."""
    return maker(ACTIVATIONS, word, setting)(word, setting)


def same_in_every_setting(function: Any) -> Make:
    """A maker that returns this function for every word and setting."""
    return lambda _, setting: function


def gelu(word: spec.Gelu, setting: Setting) -> Any:
    """GELU in the form of the word, `x Phi(x)` or its tanh approximation."""
    return NativeWithArgument(ops.gelu, "none" if word.form == "erf" else "tanh")


def composed_leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    """`x` where positive, else `slope * x`."""
    return LeakySlope(_constant(word.slope, setting))


def composed_rrelu(word: spec.Rrelu, setting: Setting) -> Any:
    """`x` where positive, else `slope * x`: the mean slope in evaluation, drawn slopes in training."""
    return LeakySlope(_constant((word.lower + word.upper) / 2, setting))


def composed_selu(_: spec.Selu, setting: Setting) -> Any:
    """SELU: `scale * x` where positive, else `scale * alpha * (exp(x) - 1)`."""
    return ExponentialBelowZero(SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0, setting)


def composed_celu(word: spec.Celu, setting: Setting) -> Any:
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`."""
    return ExponentialBelowZero(1.0, word.alpha, word.alpha, setting)


def composed_gelu(word: spec.Gelu, setting: Setting) -> Any:
    """GELU from primitives."""
    assert word.form == "tanh"
    return GeluTanh(setting)


def _leaky(x: Any, slope: Any) -> Any:
    return ops.where(x > 0, x, slope * x)


def _relu_up_to_6(x: Any) -> Any:
    return ops.clamp(ops.relu(x), None, 6.0)


def _identity(x: Any) -> Any:
    return x


def _softmax_last_axis(x: Any) -> Any:
    # In PyNative a first gradient over an axis of one element makes all later ones of the process wrong.
    return ops.exp(x - x) if x.shape[-1] == 1 else ops.softmax(x, -1)


def _log_softmax_last_axis(x: Any) -> Any:
    return ops.log_softmax(x, -1)


linear = same_in_every_setting(_identity)
sigmoid = same_in_every_setting(ops.sigmoid)
tanh = same_in_every_setting(ops.tanh)
relu = same_in_every_setting(ops.relu)  # its gradient at 0 is 0
softplus = same_in_every_setting(ops.softplus)
softsign = same_in_every_setting(ops.softsign)
softmax = same_in_every_setting(_softmax_last_axis)
log_softmax = same_in_every_setting(_log_softmax_last_axis)
hard_sigmoid = same_in_every_setting(ops.hardsigmoid)
silu = same_in_every_setting(ops.silu)
exponential = same_in_every_setting(ops.exp)
composed_relu6 = same_in_every_setting(_relu_up_to_6)
composed_prelu = same_in_every_setting(_leaky)


class NativeWithArgument(nn.Cell):
    """A native function with a fixed second argument."""

    def __init__(self, function: Any, argument: Any) -> None:
        super().__init__()
        self.function, self.argument = function, argument

    def construct(self, x: Any) -> Any:
        return self.function(x, self.argument)


class LeakySlope(nn.Cell):
    """x where positive, else `slope * x`. The slope is fixed, or an argument."""

    def __init__(self, slope: Any) -> None:
        super().__init__()
        self.slope = slope

    def construct(self, x: Any, *slopes: Any) -> Any:
        slope = slopes[0] if slopes else self.slope
        return ops.where(x > 0, x, slope * x)


class ExponentialBelowZero(nn.Cell):
    """`above * x` where x is positive, else `below * (exp(x / width) - 1)`."""

    def __init__(self, above: float, below: float, width: float, setting: Setting) -> None:
        super().__init__()
        self.zero, self.width = _constant(0.0, setting), _constant(width, setting)
        self.above, self.below = _constant(above, setting), _constant(below, setting)

    def construct(self, x: Any) -> Any:
        negative = ops.where(x > 0, self.zero, x)  # otherwise expm1 overflows in the branch that is not taken
        return ops.where(x > 0, self.above * x, self.below * ops.expm1(negative / self.width))


class GeluTanh(nn.Cell):
    """The tanh form of GELU, by a sigmoid: `(1 + tanh(u)) / 2` is the sigmoid of 2u."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.twice, self.cubic = _constant(2 * math.sqrt(2 / math.pi), setting), _constant(GELU_CUBIC, setting)

    def construct(self, x: Any) -> Any:
        return x * ops.sigmoid(self.twice * (x + self.cubic * x * x * x))


def _constant(value: float, setting: Setting) -> Any:
    return Tensor(value, getattr(ms, setting.compute_dtype))


# Keras defines these differently, or makes them alike in both precisions.


def celu(word: spec.Celu, setting: Setting) -> Any:
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`."""
    return NativeWithArgument(ops.celu, word.alpha)


def composed_elu(word: spec.Elu, setting: Setting) -> Any:
    """`x` where positive, else `alpha * (exp(x) - 1)`."""
    return ExponentialBelowZero(1.0, word.alpha, 1.0, setting)


def _between_minus_1_and_1(x: Any) -> Any:
    return ops.clamp(x, -1.0, 1.0)


def _log_softmax_of_primitives(x: Any) -> Any:
    shifted = x - ops.stop_gradient(x.max(-1, keepdims=True))
    return shifted - ops.log(ops.exp(shifted).sum(-1, keepdims=True))


def _softplus_of_primitives(x: Any) -> Any:
    # At 0 the gradient of the maximum is 1/2 and that of the modulus 0, so that their sum is right there too.
    return ops.maximum(x, ops.zeros_like(x)) + ops.log1p(ops.exp(-ops.abs(x)))


def _mish(x: Any) -> Any:
    """`x * tanh(log(1 + n))` with `n = exp(x)`, as a quotient in which nothing overflows."""
    small = ops.exp(-ops.abs(x))  # its gradient at 0 is 0, and so is the x that multiplies it
    square = ops.where(x > 0, small * small, ops.ones_like(x))
    above = ops.where(x > 0, 1 + 2 * small, small * (small + 2))
    return x * (above / (above + 2 * square))


relu6 = same_in_every_setting(ops.relu6)
elu = same_in_every_setting(ops.elu)
hard_swish = same_in_every_setting(ops.hardswish)
composed_softplus = same_in_every_setting(_softplus_of_primitives)
composed_log_softmax = same_in_every_setting(_log_softmax_of_primitives)
composed_mish = same_in_every_setting(_mish)
composed_hard_tanh = same_in_every_setting(_between_minus_1_and_1)
