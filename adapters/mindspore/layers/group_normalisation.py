"""Normalisation of each sample by itself: over groups of channels, over each channel, and by the root mean square."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, PlainLayer, parameter
from adapters.mindspore.specifics.group_normalisation import (
    ChannelsSecond,
    GroupNormalisation,
    RootMeanSquareNormalisation,
)
from adapters.mindspore.specifics.half import in_full
from adapters.protocol import Parameters
from adapters.setting import Setting
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
    parameters = {"gamma": parameter("gamma", placed, weights, setting)}
    call = PlainLayer(RootMeanSquareNormalisation(parameters, placed, setting))
    return BuiltLayer(in_full(call, setting), parameters=parameters)


def _in_groups(groups: int, placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    parameters = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
    if setting.precision == "float64":
        return BuiltLayer(PlainLayer(GroupNormalisation(groups, parameters, placed, setting)), parameters=parameters)
    native = nn.GroupNorm(groups, placed.input_shape[-1], eps=word.epsilon)
    for name, value in {"gamma": native.gamma, "beta": native.beta}.items():
        value.requires_grad = name in parameters
        if name in parameters:
            value.set_data(parameters[name])
    parameters = {name: getattr(native, name) for name in parameters}
    if len(placed.input_shape) == 3:
        call = in_full(PlainLayer(native), setting)
        return BuiltLayer(call, "channels_first", "channels_first", parameters)
    return BuiltLayer(in_full(PlainLayer(ChannelsSecond(native)), setting), parameters=parameters)
