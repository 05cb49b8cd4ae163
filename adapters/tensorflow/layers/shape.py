"""Layers that change the shape and compute nothing."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """(B, ...) to (B, n). The order of an image is that of the layout `word.order`."""
    word: Any = placed.layer
    return BuiltLayer(PlainLayer(keras.layers.Flatten(dtype=setting.policy)), input_layout=word.order)


def reshape(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """(B, ...) to the output shape, in row-major order."""
    return BuiltLayer(PlainLayer(keras.layers.Reshape(placed.output_shape, dtype=setting.policy)))


def permute(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The axes of a sample in the order `word.axes`, counted from 1."""
    word: Any = placed.layer
    return BuiltLayer(PlainLayer(keras.layers.Permute(word.axes, dtype=setting.policy)))
