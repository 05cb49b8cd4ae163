"""Conversions between NumPy and TensorFlow, and compiling functions according to the mode of an arm."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array
from adapters.setting import Setting


def floats(value: Any, setting: Setting) -> Any:
    """A tensor in the arm's precision."""
    return tf.constant(value, setting.precision)


def integers(value: Any) -> Any:
    """An int32 tensor."""
    return tf.constant(value, tf.int32)


def variable(name: str, value: Any, setting: Setting, trainable: bool = True) -> Any:
    """A keras.Variable in the arm's precision."""
    dotted_name = name.replace("/", ".")
    return keras.Variable(floats(value, setting), dtype=setting.precision, name=dotted_name, trainable=trainable)


def array(tensor: Any) -> Array:
    """A copy as a NumPy array."""
    return np.array(tensor)


def compiles(setting: Setting) -> bool:
    """Whether the mode of the arm compiles functions."""
    return setting.compiler != "eager"


def compiled(function: Any, setting: Setting) -> Any:
    """The function compiled if the mode of the arm compiles, else unchanged."""
    xla = setting.compiler == "xla"
    return tf.function(function, jit_compile=xla, autograph=False) if compiles(setting) else function
