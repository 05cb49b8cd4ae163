"""The names that a user's code gives to layers: attributes, and names that were given rather than numbered by Keras."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import keras

Path = tuple[str, ...]


def paths_of(network: Any) -> dict[int, Path]:
    """By the identity of a layer, the names from the network down to it; a layer that nobody named adds none."""
    paths: dict[int, Path] = {id(network): ()}
    pending = [network]
    while pending:
        parent = pending.pop()
        for name, layer in _children(parent):
            if id(layer) not in paths:
                paths[id(layer)] = (*paths[id(parent)], *name)
                pending.append(layer)
    return paths


def is_numbered(layer: Any) -> bool:
    """Whether Keras made the layer's name from its class, such as `dense_1`."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", type(layer).__name__))
    own = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    return re.fullmatch(rf"{re.escape(own)}(_\d+)?", str(layer.name)) is not None


def _children(parent: Any) -> Iterator[tuple[Path, Any]]:
    """The layers within a layer, first those that are attributes, with their names below it."""
    for attribute, value in vars(parent).items():
        if not attribute.startswith("_"):
            for name, layer in _layers_in(value):
                yield (attribute, *name), layer
    for layer in parent._flatten_layers(include_self=False, recursive=False):
        yield (() if is_numbered(layer) else (layer.name,)), layer


def _layers_in(value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, keras.layers.Layer):
        yield (), value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (((str(key), *name), layer) for name, layer in _layers_in(item))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from (((str(number), *name), layer) for name, layer in _layers_in(item))
