"""Layers that do not compute in 16 bits although the layers around them do."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.setting import Setting


def in_full(layer: Any, setting: Setting) -> Any:
    """The layer, which computes in the precision of its parameters although others compute in 16 bits."""
    return InFull(layer, setting) if setting.half else layer


class InFull:
    """A layer that computes in the precision of its parameters, between layers that compute in 16 bits."""

    def __init__(self, layer: Any, setting: Setting) -> None:
        self.layer = layer
        self.precision, self.half = setting.precision, setting.half

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        return tf.cast(self.layer(tf.cast(x, self.precision), training, noise), self.half)
