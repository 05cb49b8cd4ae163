"""The transposed convolution by Keras' class."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, parameter
from adapters.tensorflow.layers.dense import with_activation
from adapters.tensorflow.realisations.layers import images
from adapters.tensorflow.specifics.convolution import WithBias
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv2d_transpose(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The transpose of a convolution over height and width."""
    word: Any = placed.layer
    layout = images(setting)
    adds_bias = word.use_bias and layout == "channels_first"
    native: Any = keras.layers.Conv2DTranspose(
        word.filters,
        word.kernel_size,
        strides=word.strides,
        padding=word.padding,
        data_format=layout,
        use_bias=word.use_bias and not adds_bias,
        dtype=setting.policy,
    )
    native.build(build_shape(placed, layout))
    parameters = {"kernel": native.kernel}
    if word.use_bias:
        parameters["bias"] = parameter("bias", placed, weights, setting) if adds_bias else native.bias
    if adds_bias:
        native = WithBias(native, parameters["bias"], layout, as_number=False)
    return with_activation(parameters, native, placed, weights, setting, layout)
