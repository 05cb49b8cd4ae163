"""Bilinear interpolation in float64, channels last. nn.Upsample computes where a pixel lies in float32."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.runtime import floats
from adapters.setting import Setting
from harness.spec.model import PlacedLayer


def bilinear(placed: PlacedLayer, setting: Setting) -> Any:
    """The interpolation of the layer: along the height, then along the width."""
    word: Any = placed.layer
    axes = zip(placed.input_shape[:2], word.size, strict=True)
    along = [_Along(axis, size, factor, setting) for axis, (size, factor) in enumerate(axes, start=1)]
    return nn.SequentialCell(*along)


class _Along(nn.Cell):
    """`(1 - f) * x[before] + f * x[before + 1]` along one axis of (B, H, W, C)."""

    def __init__(self, axis: int, size: int, factor: int, setting: Setting) -> None:
        super().__init__()
        centres = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
        before = np.floor(centres).astype(np.int32)
        self.axis, self.before = axis, Tensor(before, ms.int32)
        self.after = Tensor(np.minimum(before + 1, size - 1), ms.int32)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        fraction = (centres - before).reshape(shape)
        self.share_after, self.share_before = floats(fraction, setting), floats(1 - fraction, setting)

    def construct(self, x: Any) -> Any:
        before, after = ops.gather(x, self.before, self.axis), ops.gather(x, self.after, self.axis)
        return self.share_before * before + self.share_after * after
