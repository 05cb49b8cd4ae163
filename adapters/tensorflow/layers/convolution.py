"""Convolutions: Keras' classes, on images padded beforehand where need be; where they refuse strides, thinned out."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import Made, built_for
from adapters.tensorflow.layers.dense import activated
from adapters.tensorflow.realisations.layers import images, thinned
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.layers.base import padded
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    return _made(placed, weights, setting, lambda **said: keras.layers.Conv2D(word.filters, word.kernel_size, **said))


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    return _made(
        placed,
        weights,
        setting,
        lambda **said: keras.layers.DepthwiseConv2D(word.kernel_size, depth_multiplier=word.multiplier, **said),
    )


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    return _made(
        placed,
        weights,
        setting,
        lambda **said: keras.layers.SeparableConv2D(
            word.filters, word.kernel_size, depth_multiplier=word.multiplier, **said
        ),
    )


def _made(placed: PlacedLayer, weights: Parameters, setting: Setting, layer: Any) -> Made:
    word: Any = placed.layer
    layout, thin = images(setting), bool(thinned(word))
    before = thin or word.padding == "same_lower"
    alone = word.use_bias and layout == "channels_first"
    native = layer(
        strides=(1, 1) if thin else word.strides,
        padding="valid" if before else word.padding,
        dilation_rate=word.dilation,
        data_format=layout,
        use_bias=word.use_bias and not alone,
        dtype=setting.precision,
    )
    native.build(built_for(placed, layout))
    kernels = [p.name for p in word.parameters(placed.input_shape) if p.is_kernel]
    by_channel = isinstance(word, spec.DepthwiseConv2d)  # its kernel is called `kernel` too
    own = {name: native.kernel if by_channel else getattr(native, name) for name in kernels}
    call = Padded(native, word, placed.input_shape, layout, word.strides if thin else (1, 1)) if before else native
    if alone:
        own["bias"] = keras.Variable(weights[f"{placed.name}/bias"], dtype=setting.precision, name="bias")
        return activated(own, Biased(call, own["bias"]), placed, weights, setting, layout)
    if word.use_bias:
        own["bias"] = native.bias
    return activated(own, call, placed, weights, setting, layout)


class Biased:
    """A layer, and a bias along its channels, which come first."""

    def __init__(self, native: Any, bias: Any) -> None:
        self.native, self.bias = native, bias

    def __call__(self, x: Any) -> Any:
        return tf.nn.bias_add(self.native(x), self.bias.value, data_format="NCHW")


class Padded:
    """A layer on an image that is padded already; of what comes out, every so many-th row and column is kept."""

    def __init__(
        self, native: Any, word: spec.Convolution, shape: tuple[int, ...], layout: Layout, every: tuple[int, int]
    ) -> None:
        self.native, self.first, self.every = native, layout == "channels_first", every
        each = zip(shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
        self.outside = [padded(size, window, stride, apart, word.padding) for size, window, stride, apart in each]

    def __call__(self, x: Any) -> Any:
        (down, right), none = self.every, (0, 0)
        wide = tf.pad(x, [none, none, *self.outside] if self.first else [none, *self.outside, none])
        found = self.native(wide)
        return found[:, :, ::down, ::right] if self.first else found[:, ::down, ::right]
