"""Penalties in TensorFlow: a function from the kernels to a number, added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import regularizers as spec


def none(_: spec.NoRegularizer, setting: Setting) -> Any:
    return _nothing


def l1(word: spec.L1, setting: Setting) -> Any:
    if setting.precision == "float32":
        return _Native(keras.regularizers.L1(word.l1))
    return Penalty(word.l1, 0.0, setting)


def l2(word: spec.L2, setting: Setting) -> Any:
    if setting.precision == "float32":
        return _Native(keras.regularizers.L2(word.l2))
    return Penalty(0.0, word.l2, setting)


def l1_l2(word: spec.L1L2, setting: Setting) -> Any:
    if setting.precision == "float32":
        return _Native(keras.regularizers.L1L2(word.l1, word.l2))
    return Penalty(word.l1, word.l2, setting)


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Setting], Any]] = {
    spec.NoRegularizer: none,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}


def penalty(word: spec.Regularizer, setting: Setting) -> Any:
    return made_by(REGULARIZERS, word, "tensorflow")(word, setting)


class Penalty:
    """`of_sizes * sum(|w|) + of_squares * sum(w * w)` over all kernels."""

    def __init__(self, of_sizes: float, of_squares: float, setting: Setting) -> None:
        self.of_sizes, self.of_squares = of_sizes, of_squares

    def __call__(self, kernels: Any) -> Any:
        return tf.add_n(
            [self.of_sizes * tf.reduce_sum(tf.abs(w)) + self.of_squares * tf.reduce_sum(w * w) for w in kernels]
        )


class _Native:
    """A class of Keras, summed over all kernels."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def __call__(self, kernels: Any) -> Any:
        return tf.add_n([self.native(w) for w in kernels])


def _nothing(kernels: Any) -> Any:
    return 0
