"""Clipping in TensorFlow: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def none(_: spec.NoClipping, setting: Setting) -> Any:
    return tuple


def by_value(word: spec.ByValue, setting: Setting) -> Any:
    return lambda gradients: tuple(tf.clip_by_value(g, -word.bound, word.bound) for g in gradients)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    return lambda gradients: tuple(tf.clip_by_norm(g, word.bound) for g in gradients)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    return lambda gradients: tuple(tf.clip_by_global_norm(list(gradients), word.bound)[0])


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: none,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    return made_by(CLIPPINGS, word, "tensorflow")(word, setting)
