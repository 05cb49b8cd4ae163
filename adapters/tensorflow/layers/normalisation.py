"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, Plain, turned
from adapters.tensorflow.runtime import floats
from adapters.tensorflow.specifics.normalisation import NormalisedBatch
from adapters.tensorflow.specifics.shapes import built_for
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    native = keras.layers.BatchNormalization(
        axis=1 if incoming == "channels_first" and len(placed.input_shape) == 3 else -1,
        momentum=word.momentum,
        epsilon=word.epsilon,
        center=word.center,
        scale=word.scale,
        dtype=setting.precision,
    )
    native.build(built_for(placed, incoming))
    parameters = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    call = NormalisedBatch(native, word.kept_variance == "unbiased")
    return BuiltLayer(call, incoming, incoming, parameters)


def layer_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    native = keras.layers.LayerNormalization(
        axis=-1, epsilon=word.epsilon, center=word.center, scale=word.scale, dtype=setting.precision
    )
    native.build(built_for(placed, "channels_last"))
    parameters = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    return BuiltLayer(Plain(native), parameters=parameters)


def dropout(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    layout: Layout = incoming if len(placed.input_shape) == 3 else "channels_last"
    return BuiltLayer(Dropped(floats(1 - word.rate, setting), layout), incoming, incoming)


class Dropped:
    """`x * mask / (1 - rate)` in training."""

    def __init__(self, kept: Any, layout: Layout) -> None:
        self.kept, self.layout = kept, layout

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            return x
        mask = turned(noise[0], "channels_last", self.layout)
        return x * (mask / self.kept)
