"""Activations as TensorFlow operations on tensors, the channels last."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import activations as spec

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_CUBIC = 0.044715


def leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    if setting.precision == "float64":
        return lambda x: _sloped(x, tf.constant(word.slope, x.dtype))
    return partial(keras.activations.leaky_relu, negative_slope=word.slope)


def rrelu(word: spec.Rrelu, setting: Setting) -> Any:
    fixed = (word.lower + word.upper) / 2
    return lambda x, *given: _sloped(x, given[0] if given else tf.constant(fixed, x.dtype))


def elu(word: spec.Elu, setting: Setting) -> Any:
    return partial(keras.activations.elu, alpha=word.alpha)


def selu(_: spec.Selu, setting: Setting) -> Any:
    return lambda x: _exponential_below_zero(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0)


def celu(word: spec.Celu, setting: Setting) -> Any:
    return lambda x: _exponential_below_zero(x, 1.0, word.alpha, word.alpha)


def gelu(word: spec.Gelu, setting: Setting) -> Any:
    if setting.precision == "float64":
        return _gelu_erf_of_primitives if word.form == "erf" else _gelu_tanh_of_primitives
    return partial(keras.activations.gelu, approximate=word.form == "tanh")


def always(function: Any) -> Callable[[Any, Setting], Any]:
    """The same function in every setting."""
    return lambda _, setting: function


def _sloped(x: Any, slope: Any) -> Any:
    return tf.where(x > 0, x, slope * x)


def _relu_up_to_6(x: Any) -> Any:
    return tf.minimum(keras.activations.relu(x), 6)  # where both are alike, the gradient is the first one's


def _exponential_below_zero(x: Any, above: float, below: float, width: float) -> Any:
    """above * x where positive, else below * (exp(x / width) - 1)."""
    above, below, width = (tf.constant(value, x.dtype) for value in (above, below, width))
    negative = tf.where(x > 0, tf.zeros_like(x), x)  # else expm1 overflows on the side that is not taken
    return tf.where(x > 0, above * x, below * tf.math.expm1(negative / width))


def _hard_swish(x: Any) -> Any:
    return x * tf.clip_by_value(x + 3, 0, 6) / 6


def _gelu_erf_of_primitives(x: Any) -> Any:
    return x * (1 + tf.math.erf(x * tf.constant(math.sqrt(0.5), x.dtype))) / 2


def _gelu_tanh_of_primitives(x: Any) -> Any:
    twice, cubic = tf.constant(2 * math.sqrt(2 / math.pi), x.dtype), tf.constant(GELU_CUBIC, x.dtype)
    return x * tf.math.sigmoid(twice * (x + cubic * x * x * x))  # (1 + tanh(u)) / 2 is the sigmoid of 2u


ACTIVATIONS: dict[type[spec.Activation], Callable[[Any, Setting], Any]] = {
    spec.Linear: always(keras.activations.linear),
    spec.Sigmoid: always(keras.activations.sigmoid),
    spec.Tanh: always(keras.activations.tanh),
    spec.Relu: always(keras.activations.relu),  # its gradient at 0 is 0
    spec.Relu6: always(_relu_up_to_6),
    spec.LeakyRelu: leaky_relu,
    spec.Prelu: always(_sloped),
    spec.Rrelu: rrelu,
    spec.Elu: elu,
    spec.Selu: selu,
    spec.Celu: celu,
    spec.Softplus: always(keras.activations.softplus),
    spec.Softsign: always(keras.activations.softsign),
    spec.Softmax: always(keras.activations.softmax),
    spec.LogSoftmax: always(keras.activations.log_softmax),
    spec.HardSigmoid: always(keras.activations.hard_sigmoid),
    spec.HardSwish: always(_hard_swish),
    spec.Silu: always(keras.activations.silu),
    spec.Gelu: gelu,
    spec.Mish: always(keras.activations.mish),
    spec.ExponentialActivation: always(keras.activations.exponential),
    spec.HardTanh: always(keras.activations.hard_tanh),
}


def activation(word: spec.Activation, setting: Setting) -> Any:
    """A function from a tensor, and what it learned or (in training) its noise, to a tensor."""
    return made_by(ACTIVATIONS, word, "tensorflow")(word, setting)
