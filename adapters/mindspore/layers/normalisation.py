"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.layers.base import BuiltLayer, PlainLayer, parameter, to_layout
from adapters.mindspore.runtime import floats
from adapters.mindspore.specifics.half import in_full
from adapters.mindspore.specifics.normalisation import BatchNormalisation, LastAxisNormalisation
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over the batch in training, by the moving statistics in evaluation."""
    word: Any = placed.layer
    parameters = {
        p.name: parameter(p.name, placed, weights, setting, p.trainable) for p in word.parameters(placed.input_shape)
    }
    call = BatchNormalisation(parameters, placed, setting, incoming)
    return BuiltLayer(in_full(call, setting), incoming, incoming, parameters)


def layer_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Normalisation over the last axis of each sample."""
    word: Any = placed.layer
    parameters = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
    if setting.precision == "float64":
        return BuiltLayer(LastAxisNormalisation(parameters, placed, setting), parameters=parameters)
    native = nn.LayerNorm(placed.input_shape[-1:], -1, -1, epsilon=word.epsilon)
    for name, value in {"gamma": native.gamma, "beta": native.beta}.items():
        value.requires_grad = name in parameters
        if name in parameters:
            value.set_data(parameters[name])
    parameters = {name: getattr(native, name) for name in parameters}
    return BuiltLayer(in_full(PlainLayer(native), setting), parameters=parameters)


def dropout(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Dropout by a mask from the noise."""
    word: Any = placed.layer
    layout: Layout = incoming if len(placed.input_shape) == 3 else "channels_last"
    return BuiltLayer(MaskedDropout(floats(1 - word.rate, setting), layout), incoming, incoming)


class MaskedDropout(nn.Cell):
    """`x * mask / (1 - rate)` in training, x in evaluation."""

    def __init__(self, keep_probability: Any, layout: Layout) -> None:
        super().__init__()
        self.keep_probability, self.layout = keep_probability, layout

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            return x
        mask = to_layout(noise[0], "channels_last", self.layout)
        return x * ops.cast(mask / self.keep_probability, x.dtype)
