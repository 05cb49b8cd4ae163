"""The dense layer, and activations: as layers of their own, and as the last step of another."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.activations import activation as function
from adapters.mindspore.layers.base import TO_LAST, Made, initial, parameter
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
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


def activation(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    layout = incoming if word.acts_on_each_value(placed.input_shape) else "channels_last"
    return activated({}, nn.Identity(), placed, weights, setting, layout)


def activated(
    own: dict[str, Any],
    native: Any,
    placed: PlacedLayer,
    weights: Parameters,
    setting: Setting,
    layout: Layout = "channels_last",
) -> Made:
    """The layer followed by its activation, with what that learns or takes. `layout`: of images around the layer."""
    word: Any = placed.layer
    shape = placed.output_shape
    learned = {p.name: parameter(p.name, placed, weights, setting) for p in word.activation.parameters(shape)}
    turned = layout == "channels_first" and not word.acts_on_each_value(shape)
    cell = Activated(native, function(word.activation, setting), list(learned.values()), turned)
    return Made(cell, layout, "channels_last" if turned else layout, {**own, **learned})


class Activated(nn.Cell):
    """A layer followed by an activation, which may learn parameters of its own or take noise."""

    def __init__(self, native: Any, function: Any, learned: list[Any], turned: bool) -> None:
        super().__init__()
        self.native, self.function, self.turned = native, function, turned
        self.learned = ms.ParameterTuple(learned)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        z = self.native(x)
        if self.turned:
            z = ops.transpose(z, TO_LAST)
        return self.function(z, *self.learned, *noise)
