"""Convolutions: nn.Conv2d in float32, windows and matmul in float64."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.layers.base import Made, initial, parameter
from adapters.mindspore.layers.dense import activated
from adapters.mindspore.layers.windows import Windows
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.layers.base import padded
from harness.spec.model import PlacedLayer


def conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    if setting.precision == "float64":
        own = _parameters(["kernel"], placed, weights, setting)
        return activated(own, Convolved(_windows(placed), own["kernel"], own.get("bias")), placed, weights, setting)
    native = _native(placed, weights, setting, "kernel", word.filters, groups=1, biased=word.use_bias)
    return activated(_named(native, "kernel"), native, placed, weights, setting, "channels_first")


def depthwise_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    if setting.precision == "float64":
        own = _parameters(["depthwise_kernel"], placed, weights, setting)
        cell = ConvolvedByChannel(_windows(placed), own["depthwise_kernel"], own.get("bias"))
        return activated(own, cell, placed, weights, setting)
    channels = placed.input_shape[2]
    after = channels * word.multiplier
    native = _native(placed, weights, setting, "depthwise_kernel", after, groups=channels, biased=word.use_bias)
    return activated(_named(native, "depthwise_kernel"), native, placed, weights, setting, "channels_first")


def separable_conv2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    if setting.precision == "float64":
        own = _parameters(["depthwise_kernel", "pointwise_kernel"], placed, weights, setting)
        by_channel = ConvolvedByChannel(_windows(placed), own["depthwise_kernel"], None)
        cell = nn.SequentialCell(by_channel, Convolved(None, own["pointwise_kernel"], own.get("bias")))
        return activated(own, cell, placed, weights, setting)
    channels = placed.input_shape[2]
    between = channels * word.multiplier
    first = _native(placed, weights, setting, "depthwise_kernel", between, groups=channels, biased=False)
    second = nn.Conv2d(
        between,
        word.filters,
        1,
        pad_mode="valid",
        has_bias=word.use_bias,
        weight_init=initial("pointwise_kernel", placed, weights, setting),
        bias_init=initial("bias", placed, weights, setting) if word.use_bias else None,
    )
    own = {**_named(first, "depthwise_kernel"), **_named(second, "pointwise_kernel")}
    return activated(own, nn.SequentialCell(first, second), placed, weights, setting, "channels_first")


def _native(
    placed: PlacedLayer, weights: Parameters, setting: Setting, kernel: str, after: int, groups: int, biased: bool
) -> Any:
    word: Any = placed.layer
    return nn.Conv2d(
        placed.input_shape[2],
        after,
        word.kernel_size,
        stride=word.strides,
        **_padding(placed),
        dilation=word.dilation,
        group=groups,
        has_bias=biased,
        weight_init=initial(kernel, placed, weights, setting),
        bias_init=initial("bias", placed, weights, setting) if biased else None,
    )


def _padding(placed: PlacedLayer) -> dict[str, Any]:
    word: Any = placed.layer
    if word.padding != "same_lower":
        return {"pad_mode": word.padding, "padding": 0}
    each = zip(placed.input_shape[:2], word.kernel_size, word.strides, word.dilation, strict=True)
    vertical, horizontal = (padded(*sizes, word.padding) for sizes in each)
    return {"pad_mode": "pad", "padding": (*vertical, *horizontal)}


def _named(native: Any, kernel: str) -> dict[str, Any]:
    return {kernel: native.weight, **({"bias": native.bias} if native.has_bias else {})}


def _parameters(kernels: list[str], placed: PlacedLayer, weights: Parameters, setting: Setting) -> dict[str, Any]:
    word: Any = placed.layer
    names = [*kernels, *(["bias"] if word.use_bias else [])]
    return {name: parameter(name, placed, weights, setting) for name in names}


def _windows(placed: PlacedLayer) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding, ms.float64)


class Convolved(nn.Cell):
    """All channels of a window times the kernel; without windows, of each cell."""

    def __init__(self, windows: Any, kernel: Any, bias: Any) -> None:
        super().__init__()
        self.windows, self.kernel, self.bias = windows, kernel, bias
        self.columns = int(kernel.shape[0])
        self.of_windows, self.biased = windows is not None, bias is not None

    def construct(self, x: Any) -> Any:
        cut = self.windows(x) if self.of_windows else x
        matrix = ops.transpose(self.kernel, (2, 3, 1, 0)).reshape(-1, self.columns)
        z = ops.matmul(cut.reshape(-1, matrix.shape[0]), matrix)
        if self.biased:
            z = z + self.bias
        return z.reshape(*cut.shape[:3], self.columns)


class ConvolvedByChannel(nn.Cell):
    """Each channel of a window times the kernel's columns for it."""

    def __init__(self, windows: Any, kernel: Any, bias: Any) -> None:
        super().__init__()
        self.windows, self.kernel, self.bias = windows, kernel, bias
        self.biased = bias is not None

    def construct(self, x: Any) -> Any:
        cut = self.windows(x)
        batch, rows, columns, cells, channels = cut.shape
        # (in, multiplier, cells of a window), against windows (batch, rows, columns, in, 1, cells of a window)
        kernel = self.kernel.reshape(channels, -1, cells)
        by_channel = ops.transpose(cut, (0, 1, 2, 4, 3)).reshape(batch, rows, columns, channels, 1, cells)
        z = (by_channel * kernel).sum(-1).reshape(batch, rows, columns, -1)
        return z + self.bias if self.biased else z
