"""The parameters of a user's own nn.Cell: their canonical form, and the pieces that both frameworks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import nn

from adapters.gates import base_name, gate_layout
from adapters.mindspore.specifics.rewritten import class_of, is_a, is_framework_layer
from adapters.protocol import Array
from adapters.user_model import OwnParameter
from adapters.user_parameters import BIAS, KERNEL, piece, recurrent_pieces, with_pieces

ROLES = {
    "weight": KERNEL,
    "embedding_table": "embeddings",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
    "w": "alpha",
}
KEPT_RANK = 4  # of the kernels of nn.Conv1d, which keep an axis of height 1
# The parts of an attention's fused projection, in their order.
PROJECTIONS = ("query", "key", "value")


def parameters_of(network: Any, layers: Mapping[str, Any]) -> Iterator[tuple[OwnParameter, Any]]:
    """Every parameter with its canonical description. `layers` are those of `layers_of`.

    A parameter that several cells share, such as tied embeddings, belongs to the first.
    """
    seen: set[int] = set()
    for name, cell in network.cells_and_names():
        owner = _owner(name, layers)
        for key, parameter in cell._params.items():
            if parameter is None or id(parameter) in seen:
                continue
            seen.add(id(parameter))
            role, shape = _canonical_form(cell, key, tuple(parameter.shape))
            path = tuple(filter(None, name.split(".")))
            full_name = f"{name}.{key}".lstrip(".")
            description = OwnParameter(full_name, owner, role, shape, bool(parameter.requires_grad), path)
            yield with_pieces(description, _pieces(cell, key, description, layers.get(owner))), parameter


def to_canonical(parameter: OwnParameter, value: Array) -> Array:
    """From MindSpore's layout to the canonical one."""
    axes = _axes(parameter.role, value.ndim)
    if parameter.role == "depthwise_kernel":
        *window, channels, multiplier = parameter.shape
        value = value.reshape(channels, multiplier, *(1,) * (value.ndim - 2 - len(window)), *window)
    return np.array(value.transpose(axes)).reshape(parameter.shape)


def to_native(parameter: OwnParameter, value: Array, shape: tuple[int, ...]) -> Array:
    """From the canonical layout to MindSpore's, of this shape."""
    inverse_axes = np.argsort(_axes(parameter.role, len(shape)))
    expanded = value.reshape((1,) * (len(shape) - value.ndim) + value.shape)  # () of a scalar too
    return np.ascontiguousarray(expanded.transpose(inverse_axes)).reshape(shape)


def _owner(name: str, layers: Mapping[str, Any]) -> str:
    """The layer that a cell belongs to: itself, or the framework's layer that it is part of."""
    parts = name.split(".")
    around = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((outer for outer in around if outer in layers), name)


def _canonical_form(cell: Any, key: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The role and the canonical shape of a cell's parameter."""
    kind = class_of(cell).__name__
    role = ROLES.get(key, key) if is_framework_layer(cell) else key
    if role == KERNEL and kind.startswith("Embedding"):
        return "embeddings", shape
    if len(shape) == 1 and is_framework_layer(cell) and "Norm" in kind:
        role = {KERNEL: "gamma", BIAS: "beta"}.get(role, role)
    if role == KERNEL and len(shape) == 1:
        role = "alpha" if kind.startswith("PReLU") else "gamma"
    if role == KERNEL and shape[1] == 1 and _is_depthwise(cell):
        window = shape[3:] if kind == "Conv1d" and len(shape) == KEPT_RANK else shape[2:]
        return "depthwise_kernel", (*window, cell.in_channels, shape[0] // cell.in_channels)
    if role == KERNEL:
        shape = tuple(shape[axis] for axis in _axes(role, len(shape)))
        if kind in ("Conv1d", "Conv1dTranspose") and len(shape) == KEPT_RANK:
            shape = shape[1:]
    return role, shape


def _is_depthwise(cell: Any) -> bool:
    """Whether a convolution has a group of its own for each channel."""
    groups = getattr(cell, "group", getattr(cell, "groups", 1))  # of nn and of mint.nn
    return 1 < groups == getattr(cell, "in_channels", 0) and "Transpose" not in class_of(cell).__name__


def _axes(role: str, rank: int) -> tuple[int, ...]:
    """The order of MindSpore's axes in the canonical layout."""
    if role == "depthwise_kernel":
        return (*range(2, rank), 0, 1)
    if role == KERNEL and rank > 1:
        return (*range(2, rank), 1, 0)
    return tuple(range(rank))


def _pieces(cell: Any, key: str, parameter: OwnParameter, owner: Any) -> Sequence[OwnParameter]:
    """The pieces of a parameter of a layer that the frameworks lay out differently; none for any other."""
    if not is_framework_layer(cell):
        return ()
    base, suffix = base_name(key)
    layout = gate_layout("mindspore", class_of(cell).__name__)
    if layout is not None:
        return recurrent_pieces(parameter, base, layout, _below(cell, suffix))
    if is_a(cell, nn.MultiheadAttention):
        return _attention_pieces(key, parameter)
    if is_a(owner, nn.MultiheadAttention):
        return [piece(parameter, parameter.role, (), within=("output",))]
    return ()


def _below(cell: Any, suffix: str) -> tuple[str, ...]:
    """The names of a layer and a direction within a stacked or bidirectional layer: `("l1", "backward")`."""
    number, _, reverse = suffix.lstrip("_").partition("_")
    names = [number] if getattr(cell, "num_layers", 1) > 1 else []
    if getattr(cell, "bidirectional", False):
        names.append("backward" if reverse else "forward")
    return tuple(names)


def _attention_pieces(key: str, parameter: OwnParameter) -> Sequence[OwnParameter]:
    """The projections of query, key and value, which are fused in one parameter if they have one width."""
    role, turn = (BIAS, []) if key.endswith("bias") else (KERNEL, [("permute", (1, 0))])
    if key in ("in_proj_weight", "in_proj_bias"):
        how = "part {} of three" + (", transposed" if turn else "")
        return [
            piece(parameter, role, [("blocks", 0, 3, (n,)), *turn], how.format(n + 1), part, (part,))
            for n, part in enumerate(PROJECTIONS)
        ]
    part = next((name for name in PROJECTIONS if key == f"{name[0]}_proj_weight"), None)
    return [piece(parameter, role, turn, "transposed", within=(part,))] if part else ()
