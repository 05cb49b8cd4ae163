"""Convolutions in float64, which nn.Conv2d refuses: windows and products, channels last."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.specifics.windows import Windows
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer


def convolved(placed: PlacedLayer, parameters: dict[str, Any]) -> Any:
    """What the layer computes before its activation; `parameters` by their names within the layer."""
    word: Any = placed.layer
    windows = Windows(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding, ms.float64)
    bias = parameters.get("bias")
    if isinstance(word, spec.Conv2d):
        return Convolved(windows, parameters["kernel"], bias)
    if isinstance(word, spec.DepthwiseConv2d):
        return ConvolvedByChannel(windows, parameters["depthwise_kernel"], bias)
    by_channel = ConvolvedByChannel(windows, parameters["depthwise_kernel"], None)
    return nn.SequentialCell(by_channel, Convolved(None, parameters["pointwise_kernel"], bias))


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
