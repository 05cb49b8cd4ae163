"""How MindSpore makes each layer."""

from __future__ import annotations

from typing import Any

from adapters.mindspore.realisations.attention import ATTENTION
from adapters.mindspore.realisations.recurrent import RECURRENT
from adapters.setting import Entries, Entry, Realisation, Setting, composed, native, unsupported
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
    reason = unbiased if word.kept_variance == "biased" else "as where the moving variance is divided by the count"
    return composed("mean, square, sqrt, ops.assign", reason)


def _layer_norm(word: spec.LayerNorm, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("mean, square, sqrt", "nn.LayerNorm computes in float32 whatever its input")
    return native("nn.LayerNorm")


REFUSED = "nn.Conv2d refuses float64"
LAYERS: Entries = {
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
    **RECURRENT,
    **ATTENTION,
    spec.Residual: composed("x + f(x)", "MindSpore has no such class"),
}
