"""Layers that move values without computing."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer, Plain
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    word: Any = placed.layer
    return BuiltLayer(Plain(nn.Flatten()), takes=word.order)


def reshape(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return BuiltLayer(Plain(_Reshaped(placed.output_shape)))


class _Reshaped(nn.Cell):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def construct(self, x: Any) -> Any:
        return x.reshape(x.shape[0], *self.shape)
