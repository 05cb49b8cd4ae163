"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import Made, built_for, plain, turned
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    first = incoming == "channels_first" and len(placed.input_shape) == 3
    native = keras.layers.BatchNormalization(
        axis=1 if first else -1,
        momentum=word.momentum,
        epsilon=word.epsilon,
        center=word.center,
        scale=word.scale,
        dtype=setting.precision,
    )
    native.build(built_for(placed, incoming))
    own = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    call = Unbiased(native) if word.kept_variance == "unbiased" else native
    return Made(lambda x, training, noise: call(x, training=training), incoming, incoming, own)


class Unbiased:
    """A batch normalisation whose moving variance takes up that of the batch divided by one less than the count."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def __call__(self, x: Any, training: bool) -> Any:
        moving = self.native.moving_variance
        left = self.native.momentum * tf.identity(moving.value)
        y = self.native(x, training=training)
        if training:
            count = tf.cast(tf.size(x) // tf.size(left), left.dtype)
            moving.assign(left + (moving.value - left) * (count / tf.maximum(count - 1, 1)))
        return y


def layer_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    native = keras.layers.LayerNormalization(
        axis=-1, epsilon=word.epsilon, center=word.center, scale=word.scale, dtype=setting.precision
    )
    native.build(built_for(placed, "channels_last"))
    own = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    return Made(plain(native), variables=own)


def dropout(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    kept = tf.constant(1 - word.rate, setting.precision)
    layout: Layout = incoming if len(placed.input_shape) == 3 else "channels_last"

    def call(x: Any, training: bool, noise: Any) -> Any:
        return x * (turned(noise[0], "channels_last", layout) / kept) if training else x

    return Made(call, incoming, incoming)
