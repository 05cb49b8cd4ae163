"""A bias that is added after a layer of Keras, because the layer's own is added or summed otherwise."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import parameter
from adapters.tensorflow.realisations.layers import bias_addition, bias_reason
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def biased(
    native: Any,
    call: Any,
    placed: PlacedLayer,
    weights: Parameters,
    setting: Setting,
    layout: Layout = "channels_last",
) -> tuple[Any, dict[str, Any]]:
    """`call`, followed by a bias where there is a reason that Keras' layer `native` has none, and the bias by name.

    `call`: what the layer computes with what comes before and after it.
    """
    word: Any = placed.layer
    if not word.use_bias:
        return call, {}
    if not bias_reason(word, setting):
        return call, {"bias": native.bias}
    bias = parameter("bias", placed, weights, setting)
    return WithBias(call, bias, layout, bias_addition(word, setting)), {"bias": bias}


class WithBias:
    """A layer followed by a bias of each channel, added as `bias_addition` says.

    TensorFlow fuses a convolution with a bias that has an axis of channels, and not with a number. The gradient of a
    sum is added up by `tf.reduce_sum`, and not as that of `tf.nn.bias_add`.
    """

    def __init__(self, native: Any, bias: Any, layout: Layout, addition: str) -> None:
        self.native, self.bias, self.addition = native, bias, addition
        self.data_format = "NCHW" if layout == "channels_first" else "NHWC"

    def __call__(self, x: Any) -> Any:
        y = self.native(x)
        bias = tf.cast(self.bias.value, y.dtype)
        if self.addition == "tf.nn.bias_add":
            return tf.nn.bias_add(y, bias, data_format=self.data_format)
        if self.addition == "+ bias as a number":
            return y + tf.reshape(bias, ())
        return y + (tf.reshape(bias, (-1, 1, 1)) if self.data_format == "NCHW" else bias)
