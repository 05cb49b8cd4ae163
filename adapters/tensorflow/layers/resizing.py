"""Images made larger: by zeros around them, or by more pixels."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer
from adapters.tensorflow.specifics.resizing import bilinear
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def zero_padding2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Zeros around images."""
    word: Any = placed.layer
    native = keras.layers.ZeroPadding2D(word.padding, data_format=incoming, dtype=setting.policy)
    return BuiltLayer(PlainLayer(native), incoming, incoming)


def upsampling2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Pixels repeated, or interpolated between their centres."""
    word: Any = placed.layer
    if word.interpolation == "bilinear" and setting.precision == "float64":
        return BuiltLayer(PlainLayer(bilinear(placed, setting)))
    native = keras.layers.UpSampling2D(
        word.size, data_format=incoming, interpolation=word.interpolation, dtype=setting.policy
    )
    return BuiltLayer(PlainLayer(native), incoming, incoming)
