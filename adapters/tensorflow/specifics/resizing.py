"""Bilinear interpolation in float64, channels last. keras.layers.UpSampling2D computes it in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from adapters.setting import Setting
from adapters.tensorflow.runtime import floats
from harness.spec.model import PlacedLayer


def bilinear(placed: PlacedLayer, setting: Setting) -> Any:
    """The interpolation of the layer: along the height, then along the width."""
    word: Any = placed.layer
    axes = zip(placed.input_shape[:2], word.size, strict=True)
    height, width = (_Along(axis, size, factor, setting) for axis, (size, factor) in enumerate(axes, start=1))
    return lambda x: width(height(x))


class _Along:
    """`(1 - f) * x[before] + f * x[before + 1]` along one axis of (B, H, W, C)."""

    def __init__(self, axis: int, size: int, factor: int, setting: Setting) -> None:
        centres = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
        self.axis, self.before = axis, np.floor(centres).astype(np.int32)
        self.after = np.minimum(self.before + 1, size - 1)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        fraction = (centres - self.before).reshape(shape)
        self.share_after, self.share_before = floats(fraction, setting), floats(1 - fraction, setting)

    def __call__(self, x: Any) -> Any:
        before, after = (tf.gather(x, cells, axis=self.axis) for cells in (self.before, self.after))
        return self.share_before * before + self.share_after * after
