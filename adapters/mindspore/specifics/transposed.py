"""The transposed convolution in float64, which nn.Conv2dTranspose refuses: windows and products, channels last.

The output at o gets, for each cell k of the kernel, `x[(o + before - k) / stride] * kernel[k]` where that is a pixel.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np

from adapters.mindspore.specifics.convolution import Convolution
from adapters.mindspore.specifics.windows import Windows
from harness.spec.layers.base import padded
from harness.spec.model import PlacedLayer


def transposed_in_float64(placed: PlacedLayer, parameters: dict[str, Any]) -> Any:
    """The transposed convolution without the activation. `parameters` are named within the layer."""
    windows = Windows(placed.input_shape, _cells(placed), ms.float64)
    return Convolution(windows, parameters["kernel"], parameters.get("bias"), transposed=True)


def _cells(placed: PlacedLayer) -> Any:
    """For each output the index of the pixel under each cell of the kernel; height * width where there is none."""
    word: Any = placed.layer
    pixels = []
    for axis in range(2):
        stride, size, places = word.strides[axis], word.kernel_size[axis], placed.output_shape[axis]
        before, _ = padded(places, size, stride, 1, word.padding)
        shifted = np.arange(places)[:, None] + before - np.arange(size)
        is_pixel = (shifted % stride == 0) & (shifted >= 0) & (shifted < placed.input_shape[axis] * stride)
        pixels.append(np.where(is_pixel, shifted // stride, -1))
    rows, columns = pixels[0][:, None, :, None], pixels[1][None, :, None, :]
    height, width = placed.input_shape[:2]
    found = np.where((rows >= 0) & (columns >= 0), rows * width + columns, height * width)
    return found.reshape(*placed.output_shape[:2], -1)
