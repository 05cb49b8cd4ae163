"""How TensorFlow makes each layer."""

from __future__ import annotations

from typing import Any

from adapters.setting import Entries, Entry, Realisation, Setting, composed, native, unsupported
from harness.spec import layers as spec
from harness.spec.arm import Layout


def images(setting: Setting) -> Layout:
    """The layout of images, which is channels last in Keras unless stated."""
    return "channels_last" if setting.layout == "auto" else setting.layout


def thinning_reason(word: spec.Convolution) -> str:
    """Why a convolution is made with strides of 1 and then thinned by its strides; empty where it is not."""
    if isinstance(word, spec.Conv2d):
        combined = word.strides != (1, 1) and word.dilation != (1, 1)
        return "keras.layers.Conv2D refuses strides together with dilation" if combined else ""
    unequal = word.strides[0] != word.strides[1]
    return "TensorFlow's depthwise convolution takes unequal strides in oneDNN alone" if unequal else ""


def _convolution(name: str) -> Entry:
    def choose(word: Any, setting: Setting) -> Realisation:
        if setting.layout == "channels_first" and setting.precision == "float64":
            return unsupported("TensorFlow has no float64 convolutions with channels first: layout=channels_last")
        if reason := thinning_reason(word):
            return composed(f"{name} with strides 1, thinned out", reason)
        padding = "tf.pad, then " if word.padding == "same_lower" else ""
        if setting.layout == "channels_first" and word.use_bias:
            bias_reason = "Keras adds a bias along the width where that is as many as the filters"
            return composed(f"{padding}{name} without bias, then tf.nn.bias_add", bias_reason)
        if padding:
            return composed(f"{padding}{name}", "padding=same of Keras has the smaller half before")
        return native(name)

    return choose


def _batch_norm(word: spec.BatchNorm, setting: Setting) -> Realisation:
    name = "keras.layers.BatchNormalization"
    if word.kept_variance == "unbiased":
        return composed(f"{name}, its moving variance corrected", "it keeps the variance divided by the count")
    return native(name)


LAYERS: Entries = {
    spec.Flatten: native("keras.layers.Flatten"),
    spec.Reshape: native("keras.layers.Reshape"),
    spec.Dense: native("keras.layers.Dense"),
    spec.ActivationLayer: native("the activation alone"),
    spec.Conv2d: _convolution("keras.layers.Conv2D"),
    spec.DepthwiseConv2d: _convolution("keras.layers.DepthwiseConv2D"),
    spec.SeparableConv2d: _convolution("keras.layers.SeparableConv2D"),
    spec.MaxPool2d: native("keras.layers.MaxPooling2D"),
    spec.AveragePool2d: native("keras.layers.AveragePooling2D"),
    spec.GlobalAveragePool2d: native("keras.layers.GlobalAveragePooling2D"),
    spec.GlobalMaxPool2d: native("keras.layers.GlobalMaxPooling2D"),
    spec.BatchNorm: _batch_norm,
    spec.LayerNorm: native("keras.layers.LayerNormalization"),
    spec.Dropout: composed("x * mask / (1 - rate)", "keras.layers.Dropout draws its own masks"),
    spec.Residual: composed("x + f(x)", "Keras has no such class"),
}
