"""Activations as TensorFlow operations on tensors, channels last. `realisations.activations` states which is used."""

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
    """The function from x, and the learned parameters or in training the noise, to the activation of x."""
    return maker(ACTIVATIONS, word, setting)(word, setting)


def same_in_every_setting(function: Any) -> Make:
    """A maker that returns this function for every word and setting."""
    return lambda _, setting: function


def gelu(word: spec.Gelu, setting: Setting) -> Any:
    """GELU in the form of the word, `x Phi(x)` or its tanh approximation."""
    return partial(keras.activations.gelu, approximate=word.form == "tanh")


def composed_leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    """`x` where positive, else `slope * x`."""
    return lambda x: _leaky(x, tf.constant(word.slope, x.dtype))


def composed_rrelu(word: spec.Rrelu, setting: Setting) -> Any:
    """`x` where positive, else `slope * x`: the mean slope in evaluation, drawn slopes in training."""
    mean_slope = (word.lower + word.upper) / 2
    return lambda x, *slopes: _leaky(x, slopes[0] if slopes else tf.constant(mean_slope, x.dtype))


def composed_selu(_: spec.Selu, setting: Setting) -> Any:
    """SELU: `scale * x` where positive, else `scale * alpha * (exp(x) - 1)`."""
    return lambda x: _exponential_below_zero(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0)


def composed_celu(word: spec.Celu, setting: Setting) -> Any:
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`."""
    return lambda x: _exponential_below_zero(x, 1.0, word.alpha, word.alpha)


def composed_gelu(word: spec.Gelu, setting: Setting) -> Any:
    """GELU from primitives."""
    return _gelu_erf_of_primitives if word.form == "erf" else _gelu_tanh_of_primitives


def _leaky(x: Any, slope: Any) -> Any:
    return tf.where(x > 0, x, slope * x)


def _relu_up_to_6(x: Any) -> Any:
    return tf.minimum(keras.activations.relu(x), 6)  # where both are equal, the gradient is that of the first


linear = same_in_every_setting(keras.activations.linear)
sigmoid = same_in_every_setting(keras.activations.sigmoid)
tanh = same_in_every_setting(keras.activations.tanh)
relu = same_in_every_setting(keras.activations.relu)  # its gradient at 0 is 0
softplus = same_in_every_setting(keras.activations.softplus)
softsign = same_in_every_setting(keras.activations.softsign)
softmax = same_in_every_setting(keras.activations.softmax)
log_softmax = same_in_every_setting(keras.activations.log_softmax)
hard_sigmoid = same_in_every_setting(keras.activations.hard_sigmoid)
silu = same_in_every_setting(keras.activations.silu)
exponential = same_in_every_setting(keras.activations.exponential)
composed_relu6 = same_in_every_setting(_relu_up_to_6)
composed_prelu = same_in_every_setting(_leaky)


def _exponential_below_zero(x: Any, above: float, below: float, width: float) -> Any:
    """`above * x` where x is positive, else `below * (exp(x / width) - 1)`."""
    above, below, width = (tf.constant(value, x.dtype) for value in (above, below, width))
    negative = tf.where(x > 0, tf.zeros_like(x), x)  # otherwise expm1 overflows in the branch that is not taken
    return tf.where(x > 0, above * x, below * tf.math.expm1(negative / width))


def _gelu_erf_of_primitives(x: Any) -> Any:
    return x * (1 + tf.math.erf(x * tf.constant(math.sqrt(0.5), x.dtype))) / 2


def _gelu_tanh_of_primitives(x: Any) -> Any:
    twice, cubic = tf.constant(2 * math.sqrt(2 / math.pi), x.dtype), tf.constant(GELU_CUBIC, x.dtype)
    return x * tf.math.sigmoid(twice * (x + cubic * x * x * x))  # (1 + tanh(u)) / 2 is the sigmoid of 2u


# MindSpore has no correct function for these, or defines them differently.


def gelu_in_float32(word: spec.Gelu, setting: Setting) -> Any:
    """GELU of a tensor of 16 bits, computed in float32."""
    native = gelu(word, setting)
    return lambda x: tf.cast(native(tf.cast(x, tf.float32)), x.dtype)


def leaky_relu(word: spec.LeakyRelu, setting: Setting) -> Any:
    """`x` where positive, else `slope * x`."""
    return partial(keras.activations.leaky_relu, negative_slope=word.slope)


def elu(word: spec.Elu, setting: Setting) -> Any:
    """`x` where positive, else `alpha * (exp(x) - 1)`."""
    return partial(keras.activations.elu, alpha=word.alpha)


def _hard_swish(x: Any) -> Any:
    return x * tf.clip_by_value(x + 3, 0, 6) / 6


mish = same_in_every_setting(keras.activations.mish)
hard_tanh = same_in_every_setting(keras.activations.hard_tanh)
composed_hard_swish = same_in_every_setting(_hard_swish)
