"""What is watched of every step, in TensorFlow: one short vector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.setting import Setting
from adapters.watching import Watched, pattern, watched_parameters
from harness.spec.model import Model


class Watching:
    """From the gradients of a step and the weights after it to the columns of `adapters.watching.columns`."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], named: dict[str, Any], setting: Setting) -> None:
        self.kinds = tuple(kind.split("_") for kind in watch)
        self.weights = [named[p.name].value for p in word.parameters()]
        signs = {p.name: tf.constant(pattern(p.shape), setting.precision) for p in word.parameters() if watch}
        self.signs = [[signs[p.name] for p in watched_parameters(word, kind)] for kind in watch]
        self.width = sum(map(len, self.signs))

    def __call__(self, gradients: Any, clipped: Any) -> Any:
        found = []
        for (of, what), signs in zip(self.kinds, self.signs, strict=True):
            tensors = {"gradient": gradients, "clipped": clipped, "weight": self.weights}[of]
            found += [
                tf.norm(tensor) if what == "norm" else tf.reduce_sum(tensor * sign)
                for tensor, sign in zip(tensors, signs, strict=True)
            ]
        return tf.stack(found)
