"""The transposed convolution: by nn.Conv2dTranspose in float32, and by windows and products in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, initial_value, parameter
from adapters.mindspore.layers.dense import with_activation
from adapters.mindspore.realisations.layers import images
from adapters.mindspore.specifics.half import in_half
from adapters.mindspore.specifics.transposed import transposed_in_float64
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv2d_transpose(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The transpose of a convolution over height and width."""
    word: Any = placed.layer
    layout = images(setting)
    if setting.precision == "float64":
        names = ("kernel", "bias") if word.use_bias else ("kernel",)
        parameters = {name: parameter(name, placed, weights, setting) for name in names}
        return with_activation(parameters, transposed_in_float64(placed, parameters), placed, weights, setting, layout)
    native = nn.Conv2dTranspose(
        placed.input_shape[2],
        word.filters,
        word.kernel_size,
        stride=word.strides,
        pad_mode=word.padding,
        padding=0,
        has_bias=word.use_bias,
        weight_init=initial_value("kernel", placed, weights, setting),
        bias_init=initial_value("bias", placed, weights, setting) if word.use_bias else None,
    )
    parameters = {"kernel": native.weight, **({"bias": native.bias} if word.use_bias else {})}
    return with_activation(parameters, in_half(native, setting), placed, weights, setting, layout)
