"""Clipping in TensorFlow: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def no_clipping(_: spec.NoClipping, setting: Setting) -> Any:
    """The gradients unchanged."""
    return tuple


def by_value(word: spec.ByValue, setting: Setting) -> Any:
    """Clips every element."""
    return ValueClipping(word.bound, setting)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    """Clips each gradient by its norm."""
    return NormClipping(word.bound, setting)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    """Clips all gradients by their common norm."""
    return GlobalNormClipping(word.bound, setting)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: no_clipping,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    """The function of a clipping, from the tuple of gradients to the clipped ones."""
    return made_by(CLIPPINGS, word, "tensorflow")(word, setting)


class ValueClipping:
    """Limits every element to between -bound and bound."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.lower, self.upper = -bound, bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_value(gradient, self.lower, self.upper) for gradient in gradients)


class NormClipping:
    """Scales each gradient with a norm above the bound down to the bound: `g * bound / max(|g|, bound)`."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.bound = bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_norm(gradient, self.bound) for gradient in gradients)


class GlobalNormClipping:
    """Scales all gradients by one factor, `bound / max(norm, bound)` with the norm of all gradients together."""

    def __init__(self, bound: float, setting: Setting) -> None:
        self.bound = bound

    def __call__(self, gradients: Any) -> Any:
        return tuple(tf.clip_by_global_norm(list(gradients), self.bound)[0])
