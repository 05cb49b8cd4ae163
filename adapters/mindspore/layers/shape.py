"""Layers that change the shape and compute nothing."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.layers.base import BuiltLayer, PlainLayer
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def flatten(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """(B, ...) to (B, n). The order of an image is that of the layout `word.order`."""
    word: Any = placed.layer
    return BuiltLayer(PlainLayer(nn.Flatten()), input_layout=word.order)


def reshape(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """(B, ...) to the output shape, in row-major order."""
    return BuiltLayer(PlainLayer(_Reshape(placed.output_shape)))


def permute(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The axes of a sample in the order `word.axes`, counted from 1."""
    word: Any = placed.layer
    return BuiltLayer(PlainLayer(_Permute((0, *word.axes))))


class _Reshape(nn.Cell):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def construct(self, x: Any) -> Any:
        return x.reshape(x.shape[0], *self.shape)


class _Permute(nn.Cell):
    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = axes

    def construct(self, x: Any) -> Any:
        return ops.transpose(x, self.axes)
