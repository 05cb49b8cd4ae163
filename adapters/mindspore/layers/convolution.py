"""Convolutions: by nn.Conv2d with its own padding in float32, and by windows and products in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, initial_value, parameter
from adapters.mindspore.layers.dense import with_activation
from adapters.mindspore.realisations.layers import images
from adapters.mindspore.specifics.convolution import convolution_in_float64
from adapters.mindspore.specifics.half import in_half
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.layers.base import padded
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution over height and width."""
    word: Any = placed.layer
    channels = placed.input_shape[2]
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, word.filters, word.kernel_size, group=word.groups, **options),
    )


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution of each channel with `multiplier` kernels."""
    word: Any = placed.layer
    channels = placed.input_shape[2]
    middle_channels = channels * word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, middle_channels, word.kernel_size, group=channels, **options),
    )


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A depthwise convolution, then a convolution of 1 x 1."""
    word: Any = placed.layer
    channels = placed.input_shape[2]
    middle_channels = channels * word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, middle_channels, word.kernel_size, group=channels, **options),
        lambda **options: nn.Conv2d(middle_channels, word.filters, 1, pad_mode="valid", **options),
    )


def _convolution(
    placed: PlacedLayer, weights: Parameters, setting: Setting, layer: Any, pointwise: Any = None
) -> BuiltLayer:
    """The convolution by `layer`, then `pointwise`, which take the options of nn.Conv2d besides sizes and channels."""
    word: Any = placed.layer
    layout = images(setting)
    if setting.precision == "float64":
        parameters = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
        return with_activation(parameters, convolution_in_float64(placed, parameters), placed, weights, setting, layout)
    kernels = [p.name for p in word.parameters(placed.input_shape) if p.is_kernel]
    native = layer(
        stride=word.strides,
        dilation=word.dilation,
        **_padding(placed),
        **_initial_values(kernels[0], word.use_bias and pointwise is None, placed, weights, setting),
    )
    parameters = {kernels[0]: native.weight}
    biased_layer = native
    if pointwise is not None:
        biased_layer = pointwise(**_initial_values(kernels[1], word.use_bias, placed, weights, setting))
        parameters[kernels[1]] = biased_layer.weight
        native = nn.SequentialCell(native, biased_layer)
    if word.use_bias:
        parameters["bias"] = biased_layer.bias
    return with_activation(parameters, in_half(native, setting), placed, weights, setting, layout)


def _padding(placed: PlacedLayer) -> dict[str, Any]:
    word: Any = placed.layer
    if word.padding != "same_lower":
        return {"pad_mode": word.padding, "padding": 0}
    axes = zip(placed.input_shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
    vertical, horizontal = (padded(*sizes, word.padding) for sizes in axes)
    return {"pad_mode": "pad", "padding": (*vertical, *horizontal)}


def _initial_values(
    kernel: str, use_bias: bool, placed: PlacedLayer, weights: Parameters, setting: Setting
) -> dict[str, Any]:
    return {
        "has_bias": use_bias,
        "weight_init": initial_value(kernel, placed, weights, setting),
        "bias_init": initial_value("bias", placed, weights, setting) if use_bias else None,
    }
