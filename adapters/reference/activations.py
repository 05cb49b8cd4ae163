"""Value and pullback of each activation: `(f(x), dy -> dx)`, in the dtype of `x`.

Each formula is written without cancellation and overflow. `VALUE_ULP` bounds the error of a float64 value in ULP: 1
where it takes one or two rounded operations, and more where the result of NumPy's exp, itself accurate to 1.5 ULP, is
rounded several times. The tanh form of GELU has a sigmoid with a rounded argument, whose error grows with its size; see
`GELU_TANH_ULP`. Gradients are within 4 EPS of the larger of 1 and their own size. An infinite x gives the limit of
value and gradient; NaN stays NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy  # scipy.special is imported where it is first used

from adapters.protocol import NO_NOISE, Array, Parameters, made_by
from adapters.reference import disturbed, rectifiers, softmaxes
from adapters.reference.cancellation import less_one, saturated
from harness.spec import activations as spec

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]
Function = Callable[[Any, Array], tuple[Array, Callable[[Array], Array]]]
WithExtra = Callable[[Any, Array, Parameters], tuple[Array, Pullback]]

# Klambauer et al., 2017, and the product of the two, each rounded once.
SELU_SCALE, SELU_ALPHA, SELU_BOTH = 1.0507009873554805, 1.6732632423543772, 1.7580993408473766
SATURATED = -20  # from here down an exponential is below an eighth of a unit in the last place of 1
GELU_CUBIC = 0.044715


@disturbed.activation
def activate(word: spec.Activation, x: Array, extra: Parameters = NO_NOISE) -> tuple[Array, Pullback]:
    """The value, in the shape of `x`, and its pullback to `x` and to the learned parameters by name.

    `extra`: the activation's parameters and, in training, its noise, by name.
    """
    if type(word) in WITH_EXTRA:
        return WITH_EXTRA[type(word)](word, x, extra)
    y, pullback = made_by(ACTIVATIONS, word, "reference")(word, x)
    return y, lambda dy: (pullback(dy), {})


def sigmoid(_: spec.Sigmoid, x: Array) -> Any:
    y = _sigmoid(x)
    return y, lambda dy: dy * y * saturated(1 - y, x < 18)


def tanh(_: spec.Tanh, x: Array) -> Any:
    y = np.tanh(x)
    return y, lambda dy: dy * saturated(1 - y * y, np.abs(x) < 10)


def elu(word: spec.Elu, x: Array) -> Any:
    return _exponential_below_zero(x, 1.0, word.alpha, 1.0)


def selu(_: spec.Selu, x: Array) -> Any:
    return _exponential_below_zero(x, SELU_SCALE, SELU_BOTH, 1.0)


def celu(word: spec.Celu, x: Array) -> Any:
    return _exponential_below_zero(x, 1.0, word.alpha, word.alpha)


def softplus(_: spec.Softplus, x: Array) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda dy: dy * _sigmoid(x)


def softsign(_: spec.Softsign, x: Array) -> Any:
    size = np.minimum(np.abs(x), np.finfo(x.dtype).max)  # inf / inf would be NaN
    return np.copysign(size / (1 + size), x), lambda dy: dy / (1 + size) / (1 + size)


def silu(_: spec.Silu, x: Array) -> Any:
    s, bounded = _sigmoid(x), _bounded(x)
    return np.maximum(x, 0) * s + np.minimum(bounded, 0) * s, lambda dy: dy * (s + _limited(x) * s * _sigmoid(-x))


def gelu(word: spec.Gelu, x: Array) -> Any:
    bounded, near = _bounded(x), _limited(x)
    if word.form == "erf":
        below = _normal_distribution(x)
        slope = below + near * (np.exp(-near * near / 2) / x.dtype.type(math.sqrt(2 * math.pi)))
    else:
        scale, cubic = x.dtype.type(math.sqrt(2 / math.pi)), x.dtype.type(GELU_CUBIC)
        # In float32 as both frameworks compute it: from 1.8e19 on x * x overflows, and the slope, 0 * inf, is NaN.
        near = near if x.dtype == np.float64 else x
        inside = scale * (near + cubic * near * near * near)
        below, steepness = _half_one_plus_tanh(inside)
        slope = below + near * steepness * scale * (1 + 3 * cubic * near * near)
    y = np.maximum(x, 0) * below + np.minimum(bounded, 0) * below
    return y, lambda dy: dy * slope


def _half_one_plus_tanh(x: Array) -> tuple[Array, Array]:
    """`(1 + tanh(x)) / 2` and its slope; in float32 as both frameworks compute them, rounded at the size of 1."""
    if x.dtype == np.float64:
        below = _sigmoid(2 * x)
        return below, 2 * below * _sigmoid(-2 * x)
    t, half = np.tanh(x), x.dtype.type(0.5)
    return half * (1 + t), half * (1 - t * t)


def mish(_: spec.Mish, x: Array) -> Any:
    small = np.exp(-np.abs(x))
    # tanh(log(1 + n)) = (n**2 + 2 n) / (n**2 + 2 n + 2) with n = exp(x); above 0 both multiplied by exp(-2 x).
    square = np.where(x > 0, small * small, 1)
    above = np.where(x > 0, 1 + 2 * small, small * (small + 2))
    below = above + 2 * square
    t, steepness = above / below, square * (2 * (1 + small) / below) ** 2  # 1 - t**2
    y = np.maximum(x, 0) * t + np.minimum(_bounded(x), 0) * t
    return y, lambda dy: dy * (t + _limited(x) * _sigmoid(x) * steepness)


def exponential(_: spec.ExponentialActivation, x: Array) -> Any:
    with np.errstate(over="ignore"):
        y = np.exp(x)
    return y, lambda dy: dy * y


def _sigmoid(x: Array) -> Array:
    # By the sign of x, so that exp never overflows.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def _exponential_below_zero(x: Array, above: float, below: float, width: float) -> Any:
    """above * x where positive, else below * (exp(x / width) - 1)."""
    above, below, width = (x.dtype.type(factor) for factor in (above, below, width))
    negative = np.minimum(x, 0) / width
    # In float32 as both frameworks compute it: near 0 with the rounding error of a number near 1.
    power = np.expm1(negative) if x.dtype == np.float64 else less_one(np.exp(negative))
    y = np.where(x > 0, above * x, below * power)
    # A framework may compute the exponential from y, as y / below + 1, which is 0 where float32 rounds y to -below.
    slope = np.exp(negative)
    slope = saturated(slope, (x <= 0) & (negative > SATURATED))
    return y, lambda dy: dy * np.where(x > 0, above, below / width * slope)


def _normal_distribution(x: Array) -> Array:
    """The probability that a standard normal number is below x.

    In float32 as both frameworks compute it: `(1 + erf(x / sqrt(2))) / 2`, rounded at the size of 1.
    """
    half = x.dtype.type(0.5)
    root = x.dtype.type(math.sqrt(0.5))
    if x.dtype == np.float32:
        return half * (1 + scipy.special.erf(x * root))
    tail = np.clip(x, -40, -1)  # below -40 the product underflows
    # exp(-x**2 / 2) from an exact square and a small rest: exp would amplify the rounding error of x**2 x**2 / 2 times.
    coarse = np.trunc(tail * 16) / 16
    bell = np.exp(-coarse * coarse / 2) * np.exp(-(tail - coarse) * (tail + coarse) / 2)
    far = half * bell * scipy.special.erfcx(-tail * root)
    return np.where(x < -1, np.where(x < -40, 0, far), half * scipy.special.erfc(-np.maximum(x, -1) * root))


def _bounded(x: Array) -> Array:
    """x with -inf replaced by the lowest finite number, since -inf * 0 is NaN."""
    return np.maximum(x, np.finfo(x.dtype).min)


def _limited(x: Array) -> Array:
    """x clipped to where every sigmoid here has reached its limit, so that products with it reach theirs."""
    return np.clip(x, -1000, 1000)


ACTIVATIONS: dict[type[spec.Activation], Function] = {
    spec.Linear: rectifiers.linear,
    spec.Sigmoid: sigmoid,
    spec.Tanh: tanh,
    spec.Relu: rectifiers.relu,
    spec.Relu6: rectifiers.relu6,
    spec.LeakyRelu: rectifiers.leaky_relu,
    spec.Elu: elu,
    spec.Selu: selu,
    spec.Celu: celu,
    spec.Softplus: softplus,
    spec.Softsign: softsign,
    spec.Softmax: softmaxes.softmax,
    spec.LogSoftmax: softmaxes.log_softmax,
    spec.HardSigmoid: rectifiers.hard_sigmoid,
    spec.HardSwish: rectifiers.hard_swish,
    spec.Silu: silu,
    spec.Gelu: gelu,
    spec.Mish: mish,
    spec.ExponentialActivation: exponential,
    spec.HardTanh: rectifiers.hard_tanh,
}

# The bound is tested against 50 digits; linear, relu, relu6 and hard_tanh round nothing.
VALUE_ULP: dict[type[spec.Activation], int] = {
    spec.Linear: 0,
    spec.Sigmoid: 3,
    spec.Tanh: 2,
    spec.Relu: 0,
    spec.Relu6: 0,
    spec.LeakyRelu: 1,
    spec.Prelu: 1,
    spec.Rrelu: 1,
    spec.Elu: 3,
    spec.Selu: 4,
    spec.Celu: 3,
    spec.Softplus: 3,
    spec.Softsign: 2,
    spec.Softmax: 6,
    spec.LogSoftmax: 4,
    spec.HardSigmoid: 1,
    spec.HardSwish: 2,
    spec.Silu: 3,
    spec.Gelu: 8,
    spec.Mish: 4,
    spec.ExponentialActivation: 2,
    spec.HardTanh: 0,
}
# For each unit of the sigmoid's argument, sqrt(8 / pi) * |x + 0.044715 * x**3|.
GELU_TANH_ULP = 2

# The activations that learn a parameter or take noise.
WITH_EXTRA: dict[type[spec.Activation], WithExtra] = {
    spec.Prelu: rectifiers.prelu,
    spec.Rrelu: rectifiers.rrelu,
}
