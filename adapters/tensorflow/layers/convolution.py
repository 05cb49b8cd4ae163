"""Convolutions by Keras' classes. Where they lack a padding or strides, images are padded before and thinned after."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer
from adapters.tensorflow.layers.dense import with_activation
from adapters.tensorflow.realisations.layers import bias_reason, images, thinning_reason
from adapters.tensorflow.specifics.bias import biased
from adapters.tensorflow.specifics.convolution import PaddedAndThinned
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution over height and width."""
    word: Any = placed.layer
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: keras.layers.Conv2D(word.filters, word.kernel_size, groups=word.groups, **options),
    )


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution of each channel with `multiplier` kernels."""
    word: Any = placed.layer
    multiplier = word.multiplier
    return _convolution(
        placed,
        weights,
        setting,
        lambda **options: keras.layers.DepthwiseConv2D(word.kernel_size, depth_multiplier=multiplier, **options),
    )


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A depthwise convolution, then a convolution of 1 x 1."""
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
    """The convolution by `layer`, which takes the arguments of a class of Keras besides sizes and channels."""
    word: Any = placed.layer
    layout = images(setting)
    is_thinned = bool(thinning_reason(word))
    pads_first = is_thinned or word.padding == "same_lower"
    native = layer(
        strides=(1, 1) if is_thinned else word.strides,
        dilation_rate=word.dilation,
        padding="valid" if pads_first else word.padding,
        data_format=layout,
        use_bias=word.use_bias and not bias_reason(word, setting),
        dtype=setting.policy,
    )
    native.build(build_shape(placed, layout))
    kernels = [p.name for p in word.parameters(placed.input_shape) if p.is_kernel]
    is_depthwise = isinstance(word, spec.DepthwiseConv2d)  # Keras calls the depthwise kernel `kernel`
    parameters = {name: native.kernel if is_depthwise else getattr(native, name) for name in kernels}
    call: Any = native
    if pads_first:
        call = PaddedAndThinned(native, word, placed.input_shape, layout, word.strides if is_thinned else (1, 1))
    call, bias = biased(native, call, placed, weights, setting, layout)
    return with_activation({**parameters, **bias}, call, placed, weights, setting, layout)
