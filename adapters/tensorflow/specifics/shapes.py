"""Shapes in the form that Keras takes."""

from __future__ import annotations

from typing import Any

from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def build_shape(placed: PlacedLayer, layout: Layout) -> tuple[Any, ...]:
    """The input shape for `layer.build` of Keras, with None as the batch size."""
    shape = placed.input_shape
    channels_first = layout == "channels_first" and len(shape) == 3
    return (None, shape[2], shape[0], shape[1]) if channels_first else (None, *shape)
