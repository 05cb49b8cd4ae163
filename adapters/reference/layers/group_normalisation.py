"""Normalisation of each sample by itself: over groups of channels, over each channel, and by the root mean square."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.cancellation import remainder
from adapters.reference.layers.base import Applied
from adapters.reference.layers.normalisation import normalised_over, scaled
from harness.spec.model import PlacedLayer


def group_norm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    return _in_groups(placed, weights, x, word.groups)


def instance_norm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return _in_groups(placed, weights, x, x.shape[-1])


def rms_norm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    root = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + x.dtype.type(word.epsilon))
    normalised = x / root

    def back(dn: Array) -> Array:
        along = (dn * normalised).mean(axis=-1, keepdims=True)
        return remainder(dn - normalised * along, dn, -1) / root

    return scaled(weights, normalised, x.shape, back, {})


def _in_groups(placed: PlacedLayer, weights: Parameters, x: Array, groups: int) -> Applied:
    positions, members = prod(placed.input_shape[:-1]), x.shape[-1] // groups

    def grouped(values: Array) -> Array:
        by_position = values.reshape(len(x), positions, groups, members)
        return by_position.swapaxes(1, 2).reshape(len(x), groups, positions * members)

    def ungrouped(values: Array) -> Array:
        return values.reshape(len(x), groups, positions, members).swapaxes(1, 2).reshape(x.shape)

    word: Any = placed.layer
    normalised, _, _, back = normalised_over(grouped(x), -1, word.epsilon)
    return scaled(weights, ungrouped(normalised), x.shape, lambda dn: ungrouped(back(grouped(dn))), {})
