"""Cells that compute in 16 bits, and those that do not although the layers around them do."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.setting import Setting


def in_half(cell: Any, setting: Setting) -> Any:
    """The Cell, whose inputs and parameters are cast to 16 bits where layers compute in them."""
    return cell.to_float(getattr(ms, setting.half)) if setting.half else cell


def in_full(layer: Any, setting: Setting) -> Any:
    """The layer, which computes in the precision of its parameters although others compute in 16 bits."""
    return InFull(layer, setting) if setting.half else layer


class InFull(nn.Cell):
    """A layer that computes in the precision of its parameters, between layers that compute in 16 bits."""

    def __init__(self, layer: Any, setting: Setting) -> None:
        super().__init__()
        self.layer = layer
        self.precision, self.half = getattr(ms, setting.precision), getattr(ms, str(setting.half))

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return ops.cast(self.layer(ops.cast(x, self.precision), training, noise), self.half)
