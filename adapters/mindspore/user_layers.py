"""The layers of a user's own nn.Cell: their names, parameters, settings and calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from adapters.mindspore.runtime import array
from adapters.mindspore.user_settings import settings_of_form
from adapters.protocol import Array
from adapters.user_model import LayerCall, OwnParameter, Recorder

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
ROLES = {
    "weight": "kernel",
    "embedding_table": "embeddings",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def layers_of(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's cells without inner cells, by their dotted names."""
    yield from _leaves(network, "")


def parameters_of(network: Any, layers: Mapping[str, Any]) -> Iterator[tuple[OwnParameter, Any]]:
    """Every parameter with its canonical description. `layers` are those of `layers_of`."""
    for name, cell in network.cells_and_names():
        for key, parameter in cell._params.items():
            role, shape = _canonical_form(cell, key, tuple(parameter.shape))
            full_name = f"{name}.{key}".lstrip(".")
            yield OwnParameter(full_name, name, role, shape, bool(parameter.requires_grad)), parameter


def settings_of(layer: Any) -> dict[str, Any]:
    """The settings that the two frameworks define differently, in canonical terms."""
    if isinstance(layer, DROPOUTS):
        return {"rate": round(float(1 - layer.keep_prob if getattr(layer, "p", None) is None else layer.p), 12)}
    return settings_of_form(layer)


@contextmanager
def record_calls(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Records the calls of the layers and of their fused activations within the context."""
    handles = [layer.register_forward_hook(_recording_hook(recorder, name)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        recorder.calls = _split_fused_calls(recorder.calls)


def to_canonical(parameter: OwnParameter, value: Array) -> Array:
    """From MindSpore's layout to the canonical one."""
    axes = _axes(parameter.role, value.ndim)
    if parameter.role == "depthwise_kernel":
        height, width, channels, multiplier = parameter.shape
        value = value.reshape(channels, multiplier, height, width)
    return np.array(value.transpose(axes)).reshape(parameter.shape)


def to_native(parameter: OwnParameter, value: Array, shape: tuple[int, ...]) -> Array:
    """From the canonical layout to MindSpore's, of this shape."""
    inverse_axes = np.argsort(_axes(parameter.role, len(shape)))
    expanded = value.reshape(*(1,) * (len(shape) - value.ndim), *value.shape)
    return np.ascontiguousarray(expanded.transpose(inverse_axes)).reshape(shape)


def _leaves(cell: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in cell.name_cells().items():
        path = f"{prefix}{name}"
        if isinstance(inner, nn.SequentialCell | nn.CellList) or (
            inner.name_cells() and not _is_framework_layer(inner)
        ):
            yield from _leaves(inner, f"{path}.")
            continue
        yield path, inner
        if getattr(inner, "activation_flag", False):
            yield f"{path}.activation", inner.activation


def _is_framework_layer(layer: Any) -> bool:
    return type(layer).__module__.startswith("mindspore.")


def _canonical_form(cell: Any, key: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The role and the canonical shape of a cell's parameter."""
    role = ROLES.get(key, key) if _is_framework_layer(cell) else key
    if role == "kernel" and len(shape) == 1:  # a normalisation's scale
        role = "gamma"
    if role == "kernel" and getattr(cell, "group", 1) > 1:
        return "depthwise_kernel", (*shape[2:], cell.in_channels, shape[0] // cell.in_channels)
    if role == "kernel":
        shape = tuple(shape[axis] for axis in _axes(role, len(shape)))
        if type(cell).__name__ == "Conv1d":  # MindSpore keeps an axis of height 1
            shape = shape[1:]
    return role, shape


def _axes(role: str, rank: int) -> tuple[int, ...]:
    """The order of MindSpore's axes in the canonical layout."""
    if role == "depthwise_kernel":
        return 2, 3, 0, 1
    if role == "kernel" and rank > 1:
        return (*range(2, rank), 1, 0)
    return tuple(range(rank))


def _recording_hook(recorder: Recorder, name: str) -> Any:
    def record_call(cell: Any, inputs: Any, output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            recorder.record(name, type(cell).__name__, array(inputs[0]), array(output))

    return record_call


def _split_fused_calls(calls: list[LayerCall]) -> list[LayerCall]:
    """The calls, with a layer before its fused activation, whose call is recorded first."""
    split_calls: list[LayerCall] = []
    for call in calls:
        if split_calls and split_calls[-1].layer == f"{call.layer}.activation":
            split_calls.insert(-1, LayerCall(call.layer, call.kind, call.x, split_calls[-1].x))
        else:
            split_calls.append(call)
    return split_calls
