"""The parameters of a user's own keras.Model: their canonical form, and the pieces that both frameworks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

from adapters.gates import gate_layout
from adapters.protocol import Array
from adapters.tensorflow.specifics.module_tree import paths_of
from adapters.user_model import OwnParameter
from adapters.user_parameters import (
    BIAS,
    DEPTHWISE_KERNEL,
    KERNEL,
    flattened_heads,
    piece,
    recurrent_pieces,
    with_pieces,
)

DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
ATTENTIONS = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
ROLES = {"pointwise_kernel": KERNEL}
# The layers that consist of others and are called as one, so that their parameters belong to them.
WHOLES = (keras.layers.RNN, keras.layers.Bidirectional, *ATTENTIONS)
PROJECTIONS = {"attention_output": "output"}


def parameters_of(network: Any, layers: Mapping[str, Any]) -> Iterator[tuple[OwnParameter, Any]]:
    """Every parameter with its canonical description. `layers` are those of `layers_of`."""
    paths, owners = paths_of(network), _owners(layers)
    for parameter in network.weights:
        parent_path, _, key = parameter.path.rpartition("/")
        inner, outer, name = owners.get(id(parameter), (None, None, parent_path.rpartition("/")[2]))
        role = ROLES.get(key, key)
        role = DEPTHWISE_KERNEL if role == KERNEL and isinstance(inner, DEPTHWISE) else role
        path = paths.get(id(outer), (name,) if outer is None else ())
        description = OwnParameter(parameter.path, name, role, tuple(parameter.shape), bool(parameter.trainable), path)
        yield with_pieces(description, _pieces(inner, key, description, outer)), parameter


def to_canonical(parameter: OwnParameter, value: Array) -> Array:
    """From Keras' layout to the canonical one, which is the same."""
    return value


def to_native(parameter: OwnParameter, value: Array, shape: tuple[int, ...]) -> Array:
    """From the canonical layout to Keras', of this shape."""
    return value


def _owners(layers: Mapping[str, Any]) -> dict[int, tuple[Any, Any, str]]:
    """By the identity of a parameter: its innermost layer, the layer that it belongs to, and that layer's name."""
    owners: dict[int, tuple[Any, Any, str]] = {}
    for name, layer in layers.items():
        for parameter in layer.weights:
            inner, outer, outer_name = owners.get(id(parameter), (layer, layer, name))
            inner = layer if len(layer.weights) <= len(inner.weights) else inner
            if _is_nearer(layer, outer, inner):
                outer, outer_name = layer, name
            owners[id(parameter)] = inner, outer, outer_name
    return owners


def _is_nearer(layer: Any, owner: Any, inner: Any) -> bool:
    """Whether a layer owns a parameter rather than the owner found so far: the largest whole, else the innermost."""
    if isinstance(layer, WHOLES):
        return not isinstance(owner, WHOLES) or len(layer.weights) >= len(owner.weights)
    return not isinstance(owner, WHOLES) and inner is layer


def _pieces(inner: Any, key: str, parameter: OwnParameter, outer: Any) -> Sequence[OwnParameter]:
    """The pieces of a parameter of a layer that the frameworks lay out differently; none for any other."""
    layout = gate_layout("tensorflow", type(inner).__name__, getattr(inner, "reset_after", True))
    if layout is not None and isinstance(inner, keras.layers.Layer):
        return recurrent_pieces(parameter, key, layout, _below(parameter, outer))
    if isinstance(outer, ATTENTIONS):
        part = parameter.name.split("/")[-2]
        rows = 0 if key == BIAS else 2 if part in PROJECTIONS else 1
        return flattened_heads(parameter, parameter.role, rows, (PROJECTIONS.get(part, part),))
    if isinstance(inner, CONVOLUTIONS) and key == KERNEL and parameter.shape[-2] == 1 < inner.groups:
        *window, _, filters = parameter.shape
        shape = (*window, inner.groups, filters // inner.groups)
        return [piece(parameter, DEPTHWISE_KERNEL, [("reshape", shape)], "a group of its own for each channel")]
    if isinstance(inner, keras.layers.PReLU) and set(parameter.shape[:-1]) == {1}:
        return [piece(parameter, parameter.role, [("reshape", parameter.shape[-1:])], "shared axes left out")]
    return ()


def _below(parameter: OwnParameter, outer: Any) -> tuple[str, ...]:
    """The name of a direction within a bidirectional layer."""
    if not isinstance(outer, keras.layers.Bidirectional):
        return ()
    is_backward = any(part == outer.backward_layer.name for part in parameter.name.split("/"))
    return ("backward" if is_backward else "forward",)
