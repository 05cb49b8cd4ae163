"""How TensorFlow makes each layer."""

from __future__ import annotations

from typing import Any

from adapters.setting import Entries, Entry, Realisation, Setting, composed, native, unsupported
from adapters.tensorflow.realisations.attention import ATTENTION
from adapters.tensorflow.realisations.recurrent import RECURRENT
from harness.spec import layers as spec
from harness.spec.arm import Layout

KERAS_BIAS = "Keras adds a bias along the width where that is as many as the filters"
COARSE_BIAS = "on a CPU tf.nn.bias_add sums the gradient of a bias in bfloat16, and loses most of it"


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


def bias_reason(word: Any, setting: Setting) -> str:
    """Why a bias is added after a layer that is made without one; empty where it is not."""
    if not word.use_bias:
        return ""
    if _is_coarse(setting):
        return COARSE_BIAS
    if setting.layout == "channels_first" and not isinstance(word, spec.Dense | spec.Conv1d):
        return KERAS_BIAS
    if setting.compiler == "graph" and setting.precision == "float32" and is_mistaken_with_bias(word):
        return "fused with its bias, TensorFlow takes it for a depthwise convolution in oneDNN's cache"
    return ""


def bias_addition(word: Any, setting: Setting) -> str:
    """How such a bias is added."""
    if _is_coarse(setting):
        return "+ bias"
    return "+ bias as a number" if is_mistaken_with_bias(word) else "tf.nn.bias_add"


def _is_coarse(setting: Setting) -> bool:
    return setting.half == "bfloat16" and setting.device == "cpu"


def is_mistaken_with_bias(word: Any) -> bool:
    """Whether the sizes of kernel and bias, in a row, may be those of a depthwise kernel of one channel alone.

    TensorFlow keeps oneDNN's convolutions under their sizes in a row, without saying where one list of sizes ends.
    """
    if isinstance(word, spec.Conv2d):
        return word.filters == 1 and word.kernel_size[0] == 1
    return isinstance(word, spec.SeparableConv2d) and word.filters == word.multiplier == 1


def thinning_reason_1d(word: spec.Conv1d) -> str:
    """Why a convolution over sequences is made with strides of 1 and then thinned; empty where it is not."""
    combined = word.strides != 1 and word.dilation != 1
    return "keras.layers.Conv1D refuses strides together with dilation" if combined else ""


def _conv1d(word: spec.Conv1d, setting: Setting) -> Realisation:
    name, thinning = "keras.layers.Conv1D", thinning_reason_1d(word)
    made = composed(f"{name} with strides 1, thinned out", thinning) if thinning else native(name)
    return _with_bias(made, word, setting)


def _dense(word: spec.Dense, setting: Setting) -> Realisation:
    return _with_bias(native("keras.layers.Dense"), word, setting)


def _with_bias(made: Realisation, word: Any, setting: Setting) -> Realisation:
    """The realisation, and how its bias is added if it does not add it itself."""
    bias = bias_reason(word, setting)
    if not bias:
        return made
    return composed(f"{made.by} without bias, then {bias_addition(word, setting)}", made.reason or bias)


def _transposed(word: spec.Conv2dTranspose, setting: Setting) -> Realisation:
    if setting.layout == "channels_first" and setting.precision == "float64":
        return unsupported("TensorFlow has no float64 convolutions with channels first: layout=channels_last")
    return _with_bias(native("keras.layers.Conv2DTranspose"), word, setting)


def _upsampling(word: spec.Upsampling2d, setting: Setting) -> Realisation:
    if word.interpolation == "bilinear" and setting.precision == "float64":
        return composed("tf.gather, then the sum of shares", "keras.layers.UpSampling2D interpolates in float32")
    return native("keras.layers.UpSampling2D")


def _rms_norm(word: spec.RmsNorm, setting: Setting) -> Realisation:
    name = "keras.layers.RMSNormalization"
    if setting.half:
        return composed(f"{name} in float32, between casts", "in mixed precision it rounds its scale to 16 bits")
    return native(name)


def _convolution(name: str) -> Entry:
    def choose(word: Any, setting: Setting) -> Realisation:
        if setting.layout == "channels_first" and setting.precision == "float64":
            return unsupported("TensorFlow has no float64 convolutions with channels first: layout=channels_last")
        thinning, bias = thinning_reason(word), bias_reason(word, setting)
        padding = "padding=same of Keras has the smaller half before" if word.padding == "same_lower" else ""
        reason = thinning or bias or padding
        if not reason:
            return native(name)
        before = "tf.pad, then " if padding and not thinning else ""
        strides = " with strides 1, thinned out" if thinning else ""
        return _with_bias(composed(f"{before}{name}{strides}", reason), word, setting)

    return choose


def _batch_norm(word: spec.BatchNorm, setting: Setting) -> Realisation:
    name = "keras.layers.BatchNormalization"
    if not word.trainable and word.frozen_statistics == "moving":
        return native(f"{name}, not trainable")
    if word.kept_variance == "unbiased":
        return composed(f"{name}, its moving variance corrected", "it keeps the variance divided by the count")
    if not word.trainable:
        return composed(f"{name}, trainable, without an update of gamma and beta", "a frozen one ignores the batch")
    return native(name)


LAYERS: Entries = {
    spec.Flatten: native("keras.layers.Flatten"),
    spec.Reshape: native("keras.layers.Reshape"),
    spec.Permute: native("keras.layers.Permute"),
    spec.Dense: _dense,
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
    spec.Conv1d: _conv1d,
    spec.Conv2dTranspose: _transposed,
    spec.ZeroPadding2d: native("keras.layers.ZeroPadding2D"),
    spec.Upsampling2d: _upsampling,
    spec.GroupNorm: native("keras.layers.GroupNormalization"),
    spec.InstanceNorm: native("keras.layers.GroupNormalization, a group for each channel"),
    spec.RmsNorm: _rms_norm,
    spec.StochasticDepth: composed("x * mask / (1 - rate)", "Keras has no such class"),
    spec.Parallel: composed("the branches, then +, * or tf.concat", "Keras has no such class"),
    spec.Concatenate: composed("tf.concat", "Keras has no such class"),
    **RECURRENT,
    **ATTENTION,
    spec.Residual: composed("x + f(x)", "Keras has no such class"),
}
