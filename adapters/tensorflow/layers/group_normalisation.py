"""Normalisation of each sample by itself: over groups of channels, over each channel, and by the root mean square."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer
from adapters.tensorflow.specifics.half import in_full
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def group_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over groups of channels of each sample."""
    word: Any = placed.layer
    return _in_groups(word.groups, placed, weights, setting, incoming)


def instance_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over each channel of each sample."""
    return _in_groups(placed.input_shape[-1], placed, weights, setting, incoming)


def rms_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Division by the root mean square over the last axis of each sample."""
    word: Any = placed.layer
    native = keras.layers.RMSNormalization(axis=-1, epsilon=word.epsilon, dtype=setting.precision)
    native.build(build_shape(placed, "channels_last"))
    return BuiltLayer(in_full(PlainLayer(native), setting), parameters={"gamma": native.scale})


def _in_groups(groups: int, placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    native = keras.layers.GroupNormalization(
        groups,
        axis=1 if incoming == "channels_first" and len(placed.input_shape) == 3 else -1,
        epsilon=word.epsilon,
        center=word.center,
        scale=word.scale,
        dtype=setting.policy,
    )
    native.build(build_shape(placed, incoming))
    parameters = {p.name: getattr(native, p.name) for p in word.parameters(placed.input_shape)}
    return BuiltLayer(PlainLayer(native), incoming, incoming, parameters)
