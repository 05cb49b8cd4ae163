"""The layers of a user's own nn.Cell: their names, parameters, settings and calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn

from adapters.layer_calls import LayerCall, Recorder, arrays_in
from adapters.mindspore.runtime import array
from adapters.mindspore.specifics.rewritten import cast_to, class_of, is_a, is_framework_layer
from adapters.mindspore.user_settings import settings_of_form
from adapters.protocol import Array

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def layers_of(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's cells without inner cells, by their dotted names."""
    yield from _leaves(network, "")


def reduced_precision_of(layer: Any) -> str:
    """`float16` or `bfloat16` if the layer computes in it; else empty."""
    flags = layer.get_flags()
    if cast := cast_to(layer):
        return cast
    return "float16" if flags.get("fp16") else "bfloat16" if flags.get("bf16") else ""


def settings_of(layer: Any) -> dict[str, Any]:
    """The settings that the two frameworks define differently, in canonical terms."""
    if is_a(layer, DROPOUTS):
        return {"rate": round(float(1 - layer.keep_prob if getattr(layer, "p", None) is None else layer.p), 12)}
    return settings_of_form(layer)


@contextmanager
def record_calls(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Records the calls of the layers and of their fused activations within the context."""
    handles = []
    for name, layer in layers.items():
        handles.append(layer.register_forward_pre_hook(lambda cell, inputs: recorder.enter()))
        handles.append(layer.register_forward_hook(_recording_hook(recorder, name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        recorder.calls = _split_fused_calls(recorder.calls)


def arrays_of(values: Iterable[Any]) -> tuple[Array, ...]:
    """All tensors in these values, however they are nested, as arrays."""
    return arrays_in(values, _is_known, _array)


def made_by(value: Any) -> Any:
    """The layer that a value is; None for anything else."""
    return value if isinstance(value, nn.Cell) else None


def operations_of(network: Any) -> dict[str, Any]:
    """The operations of a graph that are no layers: a cell has none, because its operations are in its code."""
    return {}


def _leaves(cell: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in cell.name_cells().items():
        path = f"{prefix}{name}"
        if is_a(inner, nn.SequentialCell | nn.CellList | nn.CellDict) or (
            inner.name_cells() and not is_framework_layer(inner)
        ):
            yield from _leaves(inner, f"{path}.")
            continue
        yield path, inner
        if getattr(inner, "activation_flag", False):
            yield f"{path}.activation", inner.activation


def _is_known(value: Any) -> bool:
    """Whether it is a tensor with values, and no parameter."""
    return isinstance(value, Tensor) and not isinstance(value, Parameter)


def _array(tensor: Any) -> Array:
    return array(tensor.astype(ms.float32) if tensor.dtype == ms.bfloat16 else tensor)


def _recording_hook(recorder: Recorder, name: str) -> Any:
    def record_call(cell: Any, inputs: Any, output: Any) -> None:
        recorder.leave(LayerCall(name, class_of(cell).__name__, arrays_of([inputs]), arrays_of([output])))

    return record_call


def _split_fused_calls(calls: list[LayerCall]) -> list[LayerCall]:
    """The calls, with a layer before its fused activation, whose call is recorded first."""
    split_calls: list[LayerCall] = []
    for call in calls:
        if call.layer and split_calls and split_calls[-1].layer == f"{call.layer}.activation":
            split_calls.insert(-1, replace(call, ys=split_calls[-1].xs))
        else:
            split_calls.append(call)
    return split_calls
