"""Layers that move values without computing."""

from __future__ import annotations

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def reshaped(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return Applied(x.reshape(len(x), *placed.output_shape), lambda dy: (dy.reshape(x.shape), {}))
