"""How MindSpore makes each layer."""

from __future__ import annotations

from typing import Any

from adapters.mindspore.realisations.attention import ATTENTION
from adapters.mindspore.realisations.recurrent import RECURRENT
from adapters.setting import (
    Choice,
    Entries,
    Entry,
    Realisation,
    Setting,
    composed,
    native,
    resolve,
    unsupported,
)
from harness.spec import layers as spec
from harness.spec.arm import Layout

IN_FLOAT64 = "windows gathered by their indices, then matmul, max or sum"


def images(setting: Setting) -> Layout:
    """The layout of images: MindSpore's kernels on CPU and Ascend take channels first only, composed layers last."""
    if setting.layout != "auto":
        return setting.layout
    return "channels_last" if setting.precision == "float64" else "channels_first"


def _image_layer(in_float32: Realisation, in_float64: Realisation) -> Entry:
    def choose(word: Any, setting: Setting) -> Realisation:
        if setting.precision == "float64":
            if setting.layout == "channels_first":
                return unsupported("in float64 it is composed of primitives, with channels last: layout=channels_last")
            return in_float64
        if setting.layout == "channels_last":
            return unsupported("MindSpore's kernels take images with channels first only: layout=channels_first")
        return in_float32

    return choose


def _batch_norm(word: spec.BatchNorm, setting: Setting) -> Realisation:
    unbiased = "the moving variance of nn.BatchNorm is divided by one less than the count"
    if not word.trainable and word.frozen_statistics == "moving":
        return composed("sqrt of the moving variance", "a frozen nn.BatchNorm normalises by the batch")
    reason = unbiased if word.kept_variance == "biased" else "as where the moving variance is divided by the count"
    return composed("mean, square, sqrt, ops.assign", reason)


def _layer_norm(word: spec.LayerNorm, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("mean, square, sqrt", "nn.LayerNorm computes in float32 whatever its input")
    return native("nn.LayerNorm")


def _conv1d(word: spec.Conv1d, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed(IN_FLOAT64, "nn.Conv1d refuses float64")
    return composed("ops.transpose, nn.Conv1d, ops.transpose", "nn.Conv1d takes the channels before the length")


def _upsampling(word: spec.Upsampling2d, setting: Setting) -> Realisation:
    if word.interpolation == "bilinear" and setting.precision == "float64":
        return composed("ops.gather, then the sum of shares", "nn.Upsample interpolates in float32")
    return native("nn.Upsample")


def _group_norm(word: spec.GroupNorm, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("mean, square, sqrt", "nn.GroupNorm takes its epsilon in float32")
    return native("nn.GroupNorm")


def _instance_norm(word: spec.InstanceNorm, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("mean, square, sqrt", "nn.GroupNorm takes its epsilon in float32")
    return composed("nn.GroupNorm, a group for each channel", "nn.InstanceNorm2d has no CPU kernel")


REFUSED = "nn.Conv2d refuses float64"
_LAYERS: Entries = {
    spec.Flatten: native("nn.Flatten"),
    spec.Reshape: native("ops.reshape"),
    spec.Permute: native("ops.transpose"),
    spec.Dense: native("nn.Dense"),
    spec.ActivationLayer: native("the activation alone"),
    spec.Conv2d: _image_layer(native("nn.Conv2d"), composed(IN_FLOAT64, REFUSED)),
    spec.DepthwiseConv2d: _image_layer(native("nn.Conv2d, one group a channel"), composed(IN_FLOAT64, REFUSED)),
    spec.SeparableConv2d: _image_layer(
        composed("nn.Conv2d, one group a channel, then nn.Conv2d of 1 x 1", "MindSpore has no such class"),
        composed(IN_FLOAT64, REFUSED),
    ),
    spec.MaxPool2d: _image_layer(
        native("nn.MaxPool2d"), composed(IN_FLOAT64, "the gradient of nn.MaxPool2d is computed in float32")
    ),
    spec.AveragePool2d: _image_layer(
        native("nn.AvgPool2d"), composed(IN_FLOAT64, "nn.AvgPool2d computes in float32 whatever its input")
    ),
    spec.GlobalAveragePool2d: composed("ops.mean", "MindSpore has no such class"),
    spec.GlobalMaxPool2d: composed("ops.amax", "MindSpore has no such class"),
    spec.BatchNorm: _batch_norm,
    spec.LayerNorm: _layer_norm,
    spec.Dropout: composed("x * mask / (1 - rate)", "nn.Dropout draws its own masks"),
    spec.Conv1d: _conv1d,
    spec.Conv2dTranspose: _image_layer(
        native("nn.Conv2dTranspose"), composed(IN_FLOAT64, "nn.Conv2dTranspose refuses float64")
    ),
    spec.ZeroPadding2d: native("nn.Pad"),
    spec.Upsampling2d: _upsampling,
    spec.GroupNorm: _group_norm,
    spec.InstanceNorm: _instance_norm,
    spec.RmsNorm: composed("square, mean, sqrt", "ops.rms_norm has no CPU kernel"),
    spec.StochasticDepth: composed("x * mask / (1 - rate)", "MindSpore has no such class"),
    spec.Parallel: composed("the branches, then +, * or ops.concat", "MindSpore has no such class"),
    spec.Concatenate: composed("ops.concat", "MindSpore has no such class"),
    **RECURRENT,
    **ATTENTION,
    spec.Residual: composed("x + f(x)", "MindSpore has no such class"),
}
# The operations of which MindSpore 2.10 has no CPU kernel in bfloat16.
NO_BFLOAT16: dict[type[Any], str] = {
    spec.Flatten: "Flatten",
    spec.Dense: "MatMul",
    spec.Conv2d: "Conv2D",
    spec.DepthwiseConv2d: "Conv2D",
    spec.SeparableConv2d: "Conv2D",
    spec.MaxPool2d: "MaxPool",
    spec.AveragePool2d: "AvgPool",
    spec.GlobalAveragePool2d: "ReduceMean",
    spec.GlobalMaxPool2d: "ReduceMax",
    spec.Conv1d: "Conv2D",
    spec.Conv2dTranspose: "Conv2DBackpropInput",
    spec.ZeroPadding2d: "Pad",
    spec.Upsampling2d: "ResizeNearestNeighborV2 or ResizeBilinearV2",
    spec.StochasticDepth: "ReduceSum",
    spec.SimpleRnn: "MatMul",
    spec.Lstm: "MatMul",
    spec.Gru: "MatMul",
    spec.MultiHeadAttention: "BatchMatMul",
    spec.PositionEmbedding: "ReduceSum",
}


def _unless_without_kernel(word: type[Any], entry: Entry) -> Entry:
    """The entry, or on a CPU in bfloat16 the refusal with the operation that has no kernel."""
    refusal = unsupported(f"MindSpore has no CPU kernel of {NO_BFLOAT16[word]} in bfloat16")

    def choose(made: Any, setting: Setting) -> Choice:
        without = setting.half == "bfloat16" and setting.device == "cpu"
        return refusal if without else resolve(entry, made, setting)

    return choose


LAYERS: Entries = {
    word: _unless_without_kernel(word, entry) if word in NO_BFLOAT16 else entry for word, entry in _LAYERS.items()
}
