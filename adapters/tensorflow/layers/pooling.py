"""Pooling by Keras' classes."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer
from adapters.tensorflow.realisations.layers import images
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The largest value of each window."""
    return _pooling(keras.layers.MaxPooling2D, placed, setting)


def average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The mean of the cells of each window that lie in the image."""
    return _pooling(keras.layers.AveragePooling2D, placed, setting)


def global_average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The mean over height and width, (B, C)."""
    native = keras.layers.GlobalAveragePooling2D(data_format=incoming, dtype=setting.policy)
    return BuiltLayer(PlainLayer(native), incoming)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The largest value over height and width, (B, C)."""
    native = keras.layers.GlobalMaxPooling2D(data_format=incoming, dtype=setting.policy)
    return BuiltLayer(PlainLayer(native), incoming)


def _pooling(layer: Any, placed: PlacedLayer, setting: Setting) -> BuiltLayer:
    word: Any = placed.layer
    layout = images(setting)
    native = layer(word.pool_size, word.strides, word.padding, data_format=layout, dtype=setting.policy)
    return BuiltLayer(PlainLayer(native), layout, layout)
