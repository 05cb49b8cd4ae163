"""Images made larger: by zeros around them, or by more pixels."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, PlainLayer
from adapters.mindspore.specifics.resizing import bilinear
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def zero_padding2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Zeros around images."""
    word: Any = placed.layer
    vertical, horizontal = word.padding
    no_padding = (0, 0)
    is_first = incoming == "channels_first"
    axes = (no_padding, vertical, horizontal) if is_first else (vertical, horizontal, no_padding)
    return BuiltLayer(PlainLayer(nn.Pad((no_padding, *axes))), incoming, incoming)


def upsampling2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Pixels repeated, or interpolated between their centres."""
    word: Any = placed.layer
    if word.interpolation == "bilinear" and setting.precision == "float64":
        return BuiltLayer(PlainLayer(bilinear(placed, setting)))
    corners = {} if word.interpolation == "nearest" else {"align_corners": False}
    native = nn.Upsample(size=placed.output_shape[:2], mode=word.interpolation, **corners)
    return BuiltLayer(PlainLayer(native), "channels_first", "channels_first")
