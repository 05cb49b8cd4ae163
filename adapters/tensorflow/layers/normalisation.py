"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer, to_layout
from adapters.tensorflow.runtime import floats
from adapters.tensorflow.specifics.normalisation import BatchNormalisation
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over the batch in training, by the moving statistics in evaluation."""
    word: Any = placed.layer
    native = keras.layers.BatchNormalization(
        axis=1 if incoming == "channels_first" and len(placed.input_shape) == 3 else -1,
        momentum=word.momentum,
        epsilon=word.epsilon,
        center=word.center,
        scale=word.scale,
        dtype=setting.policy,
    )
    native.build(build_shape(placed, incoming))
    parameters = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    updates_statistics = word.normalises_by_batch(training=True)
    native.trainable = updates_statistics  # Keras' frozen layer computes in training what it computes in evaluation
    call = BatchNormalisation(native, updates_statistics and word.kept_variance == "unbiased")
    return BuiltLayer(call, incoming, incoming, parameters)


def layer_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over the last axis of each sample."""
    word: Any = placed.layer
    native = keras.layers.LayerNormalization(
        axis=-1, epsilon=word.epsilon, center=word.center, scale=word.scale, dtype=setting.policy
    )
    native.build(build_shape(placed, "channels_last"))
    parameters = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    return BuiltLayer(PlainLayer(native), parameters=parameters)


def dropout(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Dropout by a mask from the noise."""
    word: Any = placed.layer
    layout: Layout = incoming if len(placed.input_shape) == 3 else "channels_last"
    return BuiltLayer(MaskedDropout(floats(1 - word.rate, setting), layout), incoming, incoming)


class MaskedDropout:
    """`x * mask / (1 - rate)` in training, x in evaluation."""

    def __init__(self, keep_probability: Any, layout: Layout) -> None:
        self.keep_probability, self.layout = keep_probability, layout

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            return x
        mask = to_layout(noise[0], "channels_last", self.layout)
        return x * tf.cast(mask / self.keep_probability, x.dtype)
