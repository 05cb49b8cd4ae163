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
    return lambda kernels: 0


def l1(word: spec.L1, setting: Setting) -> Any:
    return _both(word.l1, 0.0, keras.regularizers.L1(word.l1), setting)


def l2(word: spec.L2, setting: Setting) -> Any:
    return _both(0.0, word.l2, keras.regularizers.L2(word.l2), setting)


def l1_l2(word: spec.L1L2, setting: Setting) -> Any:
    return _both(word.l1, word.l2, keras.regularizers.L1L2(word.l1, word.l2), setting)


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Setting], Any]] = {
    spec.NoRegularizer: none,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}


def penalty(word: spec.Regularizer, setting: Setting) -> Any:
    return made_by(REGULARIZERS, word, "tensorflow")(word, setting)


def _both(of_sizes: float, of_squares: float, native: Any, setting: Setting) -> Any:
    def from_primitives(w: Any) -> Any:
        return of_sizes * tf.reduce_sum(tf.abs(w)) + of_squares * tf.reduce_sum(w * w)

    each = from_primitives if setting.precision == "float64" else native
    return lambda kernels: tf.add_n([each(w) for w in kernels])
