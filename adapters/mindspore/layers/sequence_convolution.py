"""The convolution over sequences: by nn.Conv1d in float32, and by windows and products in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, initial_value, parameter
from adapters.mindspore.layers.dense import with_activation
from adapters.mindspore.specifics.half import in_half
from adapters.mindspore.specifics.sequences import ChannelsBetween, convolution_1d_in_float64
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv1d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution over the length."""
    word: Any = placed.layer
    if setting.precision == "float64":
        names = ("kernel", "bias") if word.use_bias else ("kernel",)
        parameters = {name: parameter(name, placed, weights, setting) for name in names}
        return with_activation(parameters, convolution_1d_in_float64(placed, parameters), placed, weights, setting)
    native = nn.Conv1d(
        placed.input_shape[1],
        word.filters,
        word.kernel_size,
        stride=word.strides,
        pad_mode=word.padding,
        dilation=word.dilation,
        has_bias=word.use_bias,
        # The class adds the axis of the rows by itself.
        weight_init=initial_value("kernel", placed, weights, setting).squeeze(2),
        bias_init=initial_value("bias", placed, weights, setting) if word.use_bias else None,
    )
    parameters = {"kernel": native.weight, **({"bias": native.bias} if word.use_bias else {})}
    return with_activation(parameters, ChannelsBetween(in_half(native, setting)), placed, weights, setting)
