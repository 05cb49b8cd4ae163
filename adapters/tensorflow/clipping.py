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
    return Elementwise(word.bound, setting)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    return OneByOne(word.bound, setting)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    return Together(word.bound, setting)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: none,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    return made_by(CLIPPINGS, word, "tensorflow")(word, setting)


class Elementwise:
    """Every number between -bound and bound."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.least, self.most = -bound, bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_value(g, self.least, self.most) for g in gradients)


class OneByOne:
    """Each gradient brought down to the bound's length."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.bound = bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_norm(g, self.bound) for g in gradients)


class Together:
    """All gradients as one vector brought down to the bound's length."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.bound = bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_global_norm(list(gradients), self.bound)[0])
