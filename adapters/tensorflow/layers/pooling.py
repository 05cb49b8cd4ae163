"""Pooling: Keras' classes."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, Plain
from adapters.tensorflow.realisations.layers import images
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return _pooled(keras.layers.MaxPooling2D, placed, setting)


def average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return _pooled(keras.layers.AveragePooling2D, placed, setting)


def global_average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    native = keras.layers.GlobalAveragePooling2D(data_format=incoming, dtype=setting.precision)
    return BuiltLayer(Plain(native), incoming)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    native = keras.layers.GlobalMaxPooling2D(data_format=incoming, dtype=setting.precision)
    return BuiltLayer(Plain(native), incoming)


def _pooled(layer: Any, placed: PlacedLayer, setting: Setting) -> BuiltLayer:
    word: Any = placed.layer
    layout = images(setting)
    native = layer(word.pool_size, word.strides, word.padding, data_format=layout, dtype=setting.precision)
    return BuiltLayer(Plain(native), layout, layout)
