"""Layers that move values without computing."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    if word.order == "channels_last":
        return reshaped(placed, weights, x, noise, training)
    turned = x.transpose(0, 3, 1, 2)
    return Applied(turned.reshape(len(x), -1), lambda dy: (dy.reshape(turned.shape).transpose(0, 2, 3, 1), {}))


def reshaped(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return Applied(x.reshape(len(x), *placed.output_shape), lambda dy: (dy.reshape(x.shape), {}))


def permute(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    axes = (0, *word.axes)
    back = np.argsort(axes)
    return Applied(np.ascontiguousarray(x.transpose(axes)), lambda dy: (dy.transpose(back), {}))
