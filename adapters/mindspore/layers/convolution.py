"""Convolutions: nn.Conv2d in float32, which pads by itself; windows and products in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, initial, parameter
from adapters.mindspore.layers.dense import activated
from adapters.mindspore.realisations.layers import images
from adapters.mindspore.specifics.convolution import convolved
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.layers.base import padded
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    channels = placed.input_shape[2]
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, word.filters, word.kernel_size, **options),
    )


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    channels = placed.input_shape[2]
    between = channels * word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, between, word.kernel_size, group=channels, **options),
    )


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    channels = placed.input_shape[2]
    between = channels * word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: nn.Conv2d(channels, between, word.kernel_size, group=channels, **options),
        lambda **options: nn.Conv2d(between, word.filters, 1, pad_mode="valid", **options),
    )


def _convolution(
    placed: PlacedLayer, weights: Parameters, setting: Setting, layer: Any, pointwise: Any = None
) -> BuiltLayer:
    """`layer`, and `pointwise` after it, are called with what is given to nn.Conv2d besides sizes and channels."""
    word: Any = placed.layer
    layout = images(setting)
    if setting.precision == "float64":
        parameters = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
        return activated(parameters, convolved(placed, parameters), placed, weights, setting, layout)
    kernels = [p.name for p in word.parameters(placed.input_shape) if p.is_kernel]
    native = layer(
        stride=word.strides,
        dilation=word.dilation,
        **_padding(placed),
        **_initial(kernels[0], word.use_bias and pointwise is None, placed, weights, setting),
    )
    parameters = {kernels[0]: native.weight}
    last = native
    if pointwise is not None:
        last = pointwise(**_initial(kernels[1], word.use_bias, placed, weights, setting))
        parameters[kernels[1]] = last.weight
        native = nn.SequentialCell(native, last)
    if word.use_bias:
        parameters["bias"] = last.bias
    return activated(parameters, native, placed, weights, setting, layout)


def _padding(placed: PlacedLayer) -> dict[str, Any]:
    word: Any = placed.layer
    if word.padding != "same_lower":
        return {"pad_mode": word.padding, "padding": 0}
    axes = zip(placed.input_shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
    vertical, horizontal = (padded(size, window, stride, apart, word.padding) for size, window, stride, apart in axes)
    return {"pad_mode": "pad", "padding": (*vertical, *horizontal)}


def _initial(kernel: str, use_bias: bool, placed: PlacedLayer, weights: Parameters, setting: Setting) -> dict[str, Any]:
    return {
        "has_bias": use_bias,
        "weight_init": initial(kernel, placed, weights, setting),
        "bias_init": initial("bias", placed, weights, setting) if use_bias else None,
    }
