"""The convolution over sequences by Keras' class. Where it lacks strides, sequences are padded before and thinned."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, parameter
from adapters.tensorflow.layers.dense import with_activation
from adapters.tensorflow.realisations.layers import bias_reason_1d, thinning_reason_1d
from adapters.tensorflow.specifics.convolution import WithBias
from adapters.tensorflow.specifics.sequences import PaddedAndThinnedSequence
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv1d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution over the length."""
    word: Any = placed.layer
    is_thinned, adds_bias = bool(thinning_reason_1d(word)), bool(bias_reason_1d(word, setting))
    native: Any = keras.layers.Conv1D(
        word.filters,
        word.kernel_size,
        strides=1 if is_thinned else word.strides,
        padding="valid" if is_thinned else word.padding,
        dilation_rate=word.dilation,
        use_bias=word.use_bias and not adds_bias,
        dtype=setting.precision,
    )
    native.build(build_shape(placed, "channels_last"))
    parameters = {"kernel": native.kernel}
    if word.use_bias:
        parameters["bias"] = parameter("bias", placed, weights, setting) if adds_bias else native.bias
    if is_thinned:
        native = PaddedAndThinnedSequence(native, word, placed.input_shape[0])
    if adds_bias:
        native = WithBias(native, parameters["bias"], "channels_last", as_number=True)
    return with_activation(parameters, native, placed, weights, setting)
