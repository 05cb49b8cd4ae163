"""Stochastic depth by masks from the noise, one for each sample."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.layers.base import BuiltLayer
from adapters.mindspore.runtime import floats
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def stochastic_depth(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Whole samples left out."""
    word: Any = placed.layer
    mask_shape = (-1, *(1 for _ in placed.input_shape))
    return BuiltLayer(MaskedSamples(floats(1 - word.rate, setting), mask_shape), incoming, incoming)


class MaskedSamples(nn.Cell):
    """`x * mask / (1 - rate)` in training, x in evaluation."""

    def __init__(self, keep_probability: Any, mask_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.keep_probability, self.mask_shape = keep_probability, mask_shape

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            return x
        return x * ops.cast(noise[0].reshape(self.mask_shape) / self.keep_probability, x.dtype)
