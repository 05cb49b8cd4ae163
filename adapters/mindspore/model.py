"""A model in MindSpore: its layers in order."""

from __future__ import annotations

from typing import Any

from adapters.mindspore.layers import build_network
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.model import Model


def model(word: Model, weights: Parameters, setting: Setting) -> tuple[Any, Any, dict[str, Any]]:
    """The network, the outputs of its layers, and its parameters under their canonical names, in the model's order.

    Network and outputs are called as `network(x, training, noise)`. `noise` has a tensor for each entry of
    `Model.noise`, in order, and is empty in evaluation.
    """
    layers = build_network(word.placed_layers(), weights, setting)
    return layers.call, layers.outputs, {p.name: layers.parameters[p.name] for p in word.parameters()}
