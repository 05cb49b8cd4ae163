"""The dense layer, and activations: as layers of their own, and as the last step of another."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn

from adapters.mindspore.activations import activation as function
from adapters.mindspore.layers.base import BuiltLayer, initial, parameter, turned
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    native = nn.Dense(
        placed.input_shape[0],
        word.units,
        weight_init=initial("kernel", placed, weights, setting),
        bias_init=initial("bias", placed, weights, setting) if word.use_bias else None,
        has_bias=word.use_bias,
        dtype=getattr(ms, setting.precision),
    )
    bias = {"bias": native.bias} if word.use_bias else {}
    return activated({"kernel": native.weight, **bias}, native, placed, weights, setting)


def activation(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    layout = incoming if word.acts_on_each_value(placed.input_shape) else "channels_last"
    return activated({}, nn.Identity(), placed, weights, setting, layout)


def activated(
    parameters: dict[str, Any],
    native: Any,
    placed: PlacedLayer,
    weights: Parameters,
    setting: Setting,
    layout: Layout = "channels_last",
) -> BuiltLayer:
    """The layer followed by its activation, with what that learns or takes. `layout`: of images around the layer."""
    word: Any = placed.layer
    shape = placed.output_shape
    learned = {p.name: parameter(p.name, placed, weights, setting) for p in word.activation.parameters(shape)}
    after: Layout = layout if word.acts_on_each_value(shape) else "channels_last"
    call = Activated(native, function(word.activation, setting), learned, layout, after)
    return BuiltLayer(call, layout, after, {**parameters, **learned})


class Activated(nn.Cell):
    """A layer followed by an activation, which may learn parameters of its own or take noise."""

    def __init__(self, native: Any, function: Any, learned: dict[str, Any], before: Layout, after: Layout) -> None:
        super().__init__()
        self.native, self.function = native, function
        self.before, self.after = before, after
        self.learned = ms.ParameterTuple(learned.values())

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        z = self.native(x)
        return self.function(turned(z, self.before, self.after), *self.learned, *noise)
