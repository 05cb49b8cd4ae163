"""Convolutions in float64, which nn.Conv2d refuses: windows and products, channels last."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.specifics.windows import Windows, window_cells
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer


def convolution_in_float64(placed: PlacedLayer, parameters: dict[str, Any]) -> Any:
    """The convolution without the activation. `parameters` are named within the layer."""
    word: Any = placed.layer
    cells = window_cells(placed.input_shape, word.kernel_size, word.strides, word.dilation, word.padding)
    windows = Windows(placed.input_shape, cells, ms.float64)
    bias = parameters.get("bias")
    if isinstance(word, spec.Conv2d):
        return Convolution(windows, parameters["kernel"], bias, word.groups)
    if isinstance(word, spec.DepthwiseConv2d):
        return DepthwiseConvolution(windows, parameters["depthwise_kernel"], bias)
    depthwise = DepthwiseConvolution(windows, parameters["depthwise_kernel"], None)
    return nn.SequentialCell(depthwise, Convolution(None, parameters["pointwise_kernel"], bias))


class Convolution(nn.Cell):
    """The product of each window, with all channels of a group, and the kernel. Without `windows`, of each cell.

    The kernel is (out, in, kh, kw); if `transposed`, (in, out, kh, kw).
    """

    def __init__(self, windows: Any, kernel: Any, bias: Any, groups: int = 1, transposed: bool = False) -> None:
        super().__init__()
        self.windows, self.kernel, self.bias, self.groups = windows, kernel, bias, groups
        self.kernel_axes = (2, 3, 0, 1) if transposed else (2, 3, 1, 0)
        self.columns, self.channels = int(kernel.shape[int(transposed)]), int(kernel.shape[int(not transposed)])
        self.has_windows, self.has_bias = windows is not None, bias is not None

    def construct(self, x: Any) -> Any:
        patches = self.windows(x) if self.has_windows else x
        matrix = ops.transpose(self.kernel, self.kernel_axes).reshape(-1, self.columns)
        if self.groups == 1:
            z = ops.matmul(patches.reshape(-1, matrix.shape[0]), matrix)
        else:
            z = self._by_group(patches, matrix)
        if self.has_bias:
            z = z + self.bias
        return z.reshape(*patches.shape[:3], self.columns)

    def _by_group(self, patches: Any, matrix: Any) -> Any:
        """The products of the groups side by side, (windows, out)."""
        filters = self.columns // self.groups
        products: Any = ()
        for group in range(self.groups):
            part = patches[..., group * self.channels : (group + 1) * self.channels].reshape(-1, matrix.shape[0])
            products += (ops.matmul(part, matrix[:, group * filters : (group + 1) * filters]),)
        return ops.concat(products, 1)


class DepthwiseConvolution(nn.Cell):
    """The product of each channel of each window and the kernels of that channel."""

    def __init__(self, windows: Any, kernel: Any, bias: Any) -> None:
        super().__init__()
        self.windows, self.kernel, self.bias = windows, kernel, bias
        self.has_bias = bias is not None

    def construct(self, x: Any) -> Any:
        patches = self.windows(x)
        batch, rows, columns, cells, channels = patches.shape
        # kernel (in, multiplier, cells of a window), patches (batch, rows, columns, in, 1, cells of a window)
        kernel = self.kernel.reshape(channels, -1, cells)
        channel_patches = ops.transpose(patches, (0, 1, 2, 4, 3)).reshape(batch, rows, columns, channels, 1, cells)
        z = (channel_patches * kernel).sum(-1).reshape(batch, rows, columns, -1)
        return z + self.bias if self.has_bias else z
