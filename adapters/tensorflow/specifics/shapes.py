"""Shapes as Keras takes them."""

from __future__ import annotations

from typing import Any

from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def built_for(placed: PlacedLayer, layout: Layout) -> tuple[Any, ...]:
    """The layer's input shape as Keras is told it."""
    shape = placed.input_shape
    first = layout == "channels_first" and len(shape) == 3
    return (None, shape[2], shape[0], shape[1]) if first else (None, *shape)
