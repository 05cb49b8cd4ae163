"""A model in MindSpore: its layers in a row."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers import layer
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.model import Model, PlacedLayer


class Network(nn.Cell):
    """Cells applied in order; `named` holds their parameters under their canonical names."""

    def __init__(self, placed: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting) -> None:
        super().__init__()
        made = [layer(each, weights, setting) for each in placed]
        self.cells_in_order = nn.CellList([cell for cell, _ in made])  # renames the parameters, so that names differ
        self.spans, taken = [], 0
        for each in placed:
            self.spans.append((taken, taken + len(each.noise)))
            taken += len(each.noise)
        self.named = {
            f"{each.name}/{name}": parameter
            for each, (_, own) in zip(placed, made, strict=True)
            for name, parameter in own.items()
        }

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        """`noise`: a tensor for each entry of `Model.noise`, in order; empty in evaluation."""
        for index, cell in enumerate(self.cells_in_order):
            start, end = self.spans[index]
            x = cell(x, training, noise[start:end])
        return x


def model(word: Model, weights: Parameters, setting: Setting) -> tuple[Network, dict[str, Any]]:
    """The network, and its parameters under their canonical names, in the model's order."""
    network = Network(word.placed_layers(), weights, setting)
    return network, {p.name: network.named[p.name] for p in word.parameters()}
