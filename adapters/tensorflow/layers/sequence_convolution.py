"""The convolution over sequences by Keras' class. Where it lacks strides, sequences are padded before and thinned."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer
from adapters.tensorflow.layers.dense import with_activation
from adapters.tensorflow.realisations.layers import bias_reason, thinning_reason_1d
from adapters.tensorflow.specifics.bias import biased
from adapters.tensorflow.specifics.sequences import PaddedAndThinnedSequence
from adapters.tensorflow.specifics.shapes import build_shape
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def conv1d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """A convolution over the length."""
    word: Any = placed.layer
    is_thinned = bool(thinning_reason_1d(word))
    native: Any = keras.layers.Conv1D(
        word.filters,
        word.kernel_size,
        strides=1 if is_thinned else word.strides,
        padding="valid" if is_thinned else word.padding,
        dilation_rate=word.dilation,
        use_bias=word.use_bias and not bias_reason(word, setting),
        dtype=setting.policy,
    )
    native.build(build_shape(placed, "channels_last"))
    thinned = PaddedAndThinnedSequence(native, word, placed.input_shape[0]) if is_thinned else native
    call, bias = biased(native, thinned, placed, weights, setting)
    return with_activation({"kernel": native.kernel, **bias}, call, placed, weights, setting)
