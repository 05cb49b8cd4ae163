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
    return Made(lambda x, training, noise: native(x, training=training), incoming, incoming, own)


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
