"""Layers that move values without computing."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, Plain
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    return BuiltLayer(Plain(keras.layers.Flatten(dtype=setting.precision)), takes=word.order)


def reshape(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return BuiltLayer(Plain(keras.layers.Reshape(placed.output_shape, dtype=setting.precision)))
