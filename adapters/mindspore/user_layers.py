"""The layers of a user's own nn.Cell: their names, parameters, settings and calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mindspore import Tensor, nn

from adapters.mindspore.runtime import array
from adapters.mindspore.user_settings import settings_of_form
from adapters.user_model import LayerCall, Recorder

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def layers_of(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's cells without inner cells, by their dotted names."""
    yield from _leaves(network, "")


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
