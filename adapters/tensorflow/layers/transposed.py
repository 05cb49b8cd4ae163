"""The transposed convolution by Keras' class."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer
from adapters.tensorflow.layers.dense import with_activation
from adapters.tensorflow.realisations.layers import bias_reason, images
from adapters.tensorflow.specifics.bias import biased
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv2d_transpose(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The transpose of a convolution over height and width."""
    word: Any = placed.layer
    layout = images(setting)
    native: Any = keras.layers.Conv2DTranspose(
        word.filters,
        word.kernel_size,
        strides=word.strides,
        padding=word.padding,
        data_format=layout,
        use_bias=word.use_bias and not bias_reason(word, setting),
        dtype=setting.policy,
    )
    native.build(build_shape(placed, layout))
    call, bias = biased(native, native, placed, weights, setting, layout)
    return with_activation({"kernel": native.kernel, **bias}, call, placed, weights, setting, layout)
