"""Activations as TensorFlow operations on tensors, the channels last; `realisations.activations` says which is used."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from adapters.making import maker
from adapters.setting import Make, Setting
from adapters.tensorflow.realisations.activations import ACTIVATIONS
from harness.spec import activations as spec

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_CUBIC = 0.044715


def activation(word: spec.Activation, setting: Setting) -> Any:
    """A function from a tensor, and what it learned or (in training) its noise, to a tensor."""
    return maker(ACTIVATIONS, word, setting)(word, setting)


def always(function: Any) -> Make:
    """The same function in every setting."""
    return lambda _, setting: function


def gelu(word: spec.Gelu, setting: Setting) -> Any:
    return partial(keras.activations.gelu, approximate=word.form == "tanh")


def composed_leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    return lambda x: _sloped(x, tf.constant(word.slope, x.dtype))


def composed_rrelu(word: spec.Rrelu, setting: Setting) -> Any:
    fixed = (word.lower + word.upper) / 2
    return lambda x, *given: _sloped(x, given[0] if given else tf.constant(fixed, x.dtype))


def composed_selu(_: spec.Selu, setting: Setting) -> Any:
    return lambda x: _exponential_below_zero(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0)


def composed_celu(word: spec.Celu, setting: Setting) -> Any:
    return lambda x: _exponential_below_zero(x, 1.0, word.alpha, word.alpha)


def composed_gelu(word: spec.Gelu, setting: Setting) -> Any:
    return _gelu_erf_of_primitives if word.form == "erf" else _gelu_tanh_of_primitives


def _sloped(x: Any, slope: Any) -> Any:
    return tf.where(x > 0, x, slope * x)


def _relu_up_to_6(x: Any) -> Any:
    return tf.minimum(keras.activations.relu(x), 6)  # where both are alike, the gradient is the first one's


linear = always(keras.activations.linear)
sigmoid = always(keras.activations.sigmoid)
tanh = always(keras.activations.tanh)
relu = always(keras.activations.relu)  # its gradient at 0 is 0
softplus = always(keras.activations.softplus)
softsign = always(keras.activations.softsign)
softmax = always(keras.activations.softmax)
log_softmax = always(keras.activations.log_softmax)
hard_sigmoid = always(keras.activations.hard_sigmoid)
silu = always(keras.activations.silu)
exponential = always(keras.activations.exponential)
composed_relu6 = always(_relu_up_to_6)
composed_prelu = always(_sloped)


def _exponential_below_zero(x: Any, above: float, below: float, width: float) -> Any:
    """above * x where positive, else below * (exp(x / width) - 1)."""
    above, below, width = (tf.constant(value, x.dtype) for value in (above, below, width))
    negative = tf.where(x > 0, tf.zeros_like(x), x)  # else expm1 overflows on the side that is not taken
    return tf.where(x > 0, above * x, below * tf.math.expm1(negative / width))


def _gelu_erf_of_primitives(x: Any) -> Any:
    return x * (1 + tf.math.erf(x * tf.constant(math.sqrt(0.5), x.dtype))) / 2


def _gelu_tanh_of_primitives(x: Any) -> Any:
    twice, cubic = tf.constant(2 * math.sqrt(2 / math.pi), x.dtype), tf.constant(GELU_CUBIC, x.dtype)
    return x * tf.math.sigmoid(twice * (x + cubic * x * x * x))  # (1 + tanh(u)) / 2 is the sigmoid of 2u


# What MindSpore has no right one of, or another.


def leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    return partial(keras.activations.leaky_relu, negative_slope=word.slope)


def elu(word: spec.Elu, setting: Setting) -> Any:
    return partial(keras.activations.elu, alpha=word.alpha)


def _hard_swish(x: Any) -> Any:
    return x * tf.clip_by_value(x + 3, 0, 6) / 6


mish = always(keras.activations.mish)
hard_tanh = always(keras.activations.hard_tanh)
composed_hard_swish = always(_hard_swish)
