"""A model in TensorFlow: its layers in a row."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers import layer
from harness.spec.model import Model, PlacedLayer


class Network:
    """Keras layers applied in order, and their variables under their canonical names."""

    def __init__(self, placed: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting) -> None:
        self.made = [layer(each, weights, setting) for each in placed]
        self.noise = [len(each.noise) for each in placed]
        self.named = {
            f"{each.name}/{name}": variable
            for each, made in zip(placed, self.made, strict=True)
            for name, variable in made.variables.items()
        }

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        """`noise`: a tensor for each entry of `Model.noise`, in order; empty in evaluation."""
        taken = 0
        for made, count in zip(self.made, self.noise, strict=True):
            x = made.call(x, training, noise[taken : taken + count])
            taken += count
        return x


def model(word: Model, weights: Parameters, setting: Setting) -> tuple[Network, dict[str, Any]]:
    """The network, and its variables under their canonical names, in the model's order."""
    network = Network(word.placed_layers(), weights, setting)
    return network, {p.name: network.named[p.name] for p in word.parameters()}
