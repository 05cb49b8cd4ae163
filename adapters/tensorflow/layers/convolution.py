"""Convolutions: Keras' classes, on images padded beforehand where need be; where they refuse strides, thinned out."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, parameter
from adapters.tensorflow.layers.dense import activated
from adapters.tensorflow.realisations.layers import images, thinned
from adapters.tensorflow.specifics.convolution import Biased, Padded
from adapters.tensorflow.specifics.shapes import built_for
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: keras.layers.Conv2D(word.filters, word.kernel_size, **options),
    )


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    multiplier = word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: keras.layers.DepthwiseConv2D(word.kernel_size, depth_multiplier=multiplier, **options),
    )


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    filters, multiplier = word.filters, word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: keras.layers.SeparableConv2D(
            filters, word.kernel_size, depth_multiplier=multiplier, **options
        ),
    )


def _convolution(placed: PlacedLayer, weights: Parameters, setting: Setting, layer: Any) -> BuiltLayer:
    """`layer` is called with what is given to a class of Keras besides sizes and channels."""
    word: Any = placed.layer
    layout = images(setting)
    thin = bool(thinned(word))
    before = thin or word.padding == "same_lower"
    alone = word.use_bias and layout == "channels_first"
    native = layer(
        strides=(1, 1) if thin else word.strides,
        dilation_rate=word.dilation,
        padding="valid" if before else word.padding,
        data_format=layout,
        use_bias=word.use_bias and not alone,
        dtype=setting.precision,
    )
    native.build(built_for(placed, layout))
    kernels = [p.name for p in word.parameters(placed.input_shape) if p.is_kernel]
    by_channel = isinstance(word, spec.DepthwiseConv2d)  # its kernel is called `kernel` too
    parameters = {name: native.kernel if by_channel else getattr(native, name) for name in kernels}
    if word.use_bias:
        parameters["bias"] = parameter("bias", placed, weights, setting) if alone else native.bias
    if before:
        native = Padded(native, word, placed.input_shape, layout, word.strides if thin else (1, 1))
    if alone:
        native = Biased(native, parameters["bias"])
    return activated(parameters, native, placed, weights, setting, layout)
