"""Stochastic depth: samples that are left out, by one mask for each."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def stochastic_depth(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    if not training:
        return Applied(x, lambda dy: (dy, {}))
    word: Any = placed.layer
    scale = noise["mask"].reshape(-1, *(1 for _ in placed.input_shape)) / x.dtype.type(1 - word.rate)
    return Applied(x * scale, lambda dy: (dy * scale, {}))
