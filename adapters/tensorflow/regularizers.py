"""Penalties in TensorFlow: a function from the kernels to a number, added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import regularizers as spec


def no_regularizer(_: spec.NoRegularizer, setting: Setting) -> Any:
    """No penalty."""
    return _no_penalty


def l1(word: spec.L1, setting: Setting) -> Any:
    """`l1 * sum(|w|)`."""
    if setting.precision == "float32":
        return _Native(keras.regularizers.L1(word.l1))
    return Penalty(word.l1, 0.0, setting)


def l2(word: spec.L2, setting: Setting) -> Any:
    """`l2 * sum(w * w)`."""
    if setting.precision == "float32":
        return _Native(keras.regularizers.L2(word.l2))
    return Penalty(0.0, word.l2, setting)


def l1_l2(word: spec.L1L2, setting: Setting) -> Any:
    """`l1 * sum(|w|) + l2 * sum(w * w)`."""
    if setting.precision == "float32":
        return _Native(keras.regularizers.L1L2(word.l1, word.l2))
    return Penalty(word.l1, word.l2, setting)


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Setting], Any]] = {
    spec.NoRegularizer: no_regularizer,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}


def penalty(word: spec.Regularizer, setting: Setting) -> Any:
    """The function of a regularizer, from the kernels to the penalty."""
    return made_by(REGULARIZERS, word, "tensorflow")(word, setting)


class Penalty:
    """`l1 * sum(|w|) + l2 * sum(w * w)`, summed over all kernels."""

    def __init__(self, l1: float, l2: float, setting: Setting) -> None:
        self.l1, self.l2 = l1, l2

    def __call__(self, kernels: Any) -> Any:
        return tf.add_n([self.l1 * tf.reduce_sum(tf.abs(w)) + self.l2 * tf.reduce_sum(w * w) for w in kernels])


class _Native:
    """A regularizer of Keras, summed over all kernels."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def __call__(self, kernels: Any) -> Any:
        return tf.add_n([self.native(w) for w in kernels])


def _no_penalty(kernels: Any) -> Any:
    return 0
