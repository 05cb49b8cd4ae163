"""Layers that move values without computing."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import Made, plain
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    return Made(plain(keras.layers.Flatten(dtype=setting.precision)), takes=word.order)


def reshape(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    return Made(plain(keras.layers.Reshape(placed.output_shape, dtype=setting.precision)))
