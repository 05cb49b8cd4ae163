"""Layers and models in Keras, whose layout of weights is the canonical one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from adapters.protocol import Parameters, Realisation, made_by
from adapters.tensorflow.activations import activation
from harness.spec import layers as spec


def flatten(placed: spec.PlacedLayer, dtype: str) -> Any:
    return keras.layers.Flatten(dtype=dtype)


def dense(placed: spec.PlacedLayer, dtype: str) -> Any:
    layer: Any = placed.layer
    return keras.layers.Dense(layer.units, activation=activation(layer.activation), dtype=dtype)


LAYERS: dict[type[spec.Layer], tuple[Realisation, Callable[[spec.PlacedLayer, str], Any]]] = {
    spec.Flatten: (Realisation("native", "keras.layers.Flatten"), flatten),
    spec.Dense: (Realisation("native", "keras.layers.Dense"), dense),
}


def model(word: spec.Model, weights: Parameters, precision: str) -> tuple[Any, dict[str, Any]]:
    """The network, and its variables under their canonical names."""
    placed = word.placed_layers()
    made = [made_by(LAYERS, p.layer, "tensorflow")[1](p, precision) for p in placed]
    network = keras.Sequential([keras.Input(word.input.shape, dtype=precision), *made])
    named = {
        f"{p.name}/{variable.name}": variable
        for p, layer in zip(placed, made, strict=True)
        for variable in layer.trainable_variables
    }
    ordered = {p.name: named[p.name] for p in word.parameters()}
    for name, variable in ordered.items():
        variable.assign(weights[name])
    return network, ordered
