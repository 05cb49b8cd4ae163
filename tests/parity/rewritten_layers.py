"""A network that `auto_mixed_precision` O1 rewrites, and what the adapter sees of it; in MindSpore's process."""

from __future__ import annotations

import os

import mindspore as ms
import numpy as np
from mindspore import Tensor, amp, nn

from adapters.mindspore.specifics.rewritten import class_of, not_rewritten
from adapters.mindspore.user_layers import layers_of, reduced_precision_of, settings_of
from adapters.mindspore.user_parameters import parameters_of

Seen = dict[str, tuple[str, str]]


class Network(nn.Cell):
    """Layers that O1 casts (dense layers, a rectifier), and one that it does not (layer normalisation)."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.SequentialCell(nn.Dense(6, 5), nn.ReLU())
        self.norm = nn.LayerNorm((5,))
        self.fc = nn.Dense(5, 3)

    def construct(self, x: Tensor) -> Tensor:
        """The layers in turn."""
        return self.fc(self.norm(self.block(x)))


def go_to(folder: str) -> None:
    """Runs in this folder from now on."""
    os.chdir(folder)


def rewritten() -> Seen:
    """By layer, its class and the type that it casts to."""
    return _seen(amp.auto_mixed_precision(Network(), "O1", dtype=ms.float16))


def left_as_it_is() -> Seen:
    """The same, where rewriting is left out."""
    with not_rewritten():
        return _seen(amp.auto_mixed_precision(Network(), "O1", dtype=ms.float16))


def rewritten_again() -> tuple[Seen, list[str]]:
    """What is seen of a second network of this class, and the settings that its normalisation has."""
    rewritten()
    network = amp.auto_mixed_precision(Network(), "O1", dtype=ms.float16)
    return _seen(network), sorted(settings_of(network.norm))


def roles() -> dict[str, str]:
    """By parameter of a second network of this class, its role."""
    rewritten()
    network = amp.auto_mixed_precision(Network(), "O1", dtype=ms.float16)
    network(Tensor(np.ones((2, 6), np.float32)))
    return {each.name: each.role for each, _ in parameters_of(network, dict(layers_of(network)))}


def _seen(network: nn.Cell) -> Seen:
    return {name: (class_of(layer).__name__, reduced_precision_of(layer)) for name, layer in layers_of(network)}
