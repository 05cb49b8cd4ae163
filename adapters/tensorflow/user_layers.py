"""The layers of a user's own keras.Model: their names, parameters, settings and calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.layer_calls import LayerCall, Recorder, arrays_in
from adapters.protocol import Array
from adapters.source_trace import OPERATION
from adapters.tensorflow.user_settings import settings_of_form

DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)
UNSEEN = ("training", "mask")  # options of a call that Keras gives by itself


def layers_of(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's layers without inner layers, by their names."""
    layers: dict[str, Any] = {}
    for layer in network._flatten_layers(include_self=False):
        has_sublayers = any(True for _ in layer._flatten_layers(include_self=False, recursive=False))
        if isinstance(layer, keras.layers.InputLayer) or (has_sublayers and not _is_framework_layer(layer)):
            continue
        if isinstance(layer, keras.Model):
            continue
        name, number = layer.name, 2
        while name in layers:
            name, number = f"{layer.name}_{number}", number + 1
        layers[name] = layer
    yield from layers.items()


def reduced_precision_of(layer: Any) -> str:
    """`float16` or `bfloat16` if the layer computes in it; else empty."""
    return layer.compute_dtype if layer.compute_dtype in ("float16", "bfloat16") else ""


def settings_of(layer: Any) -> dict[str, Any]:
    """The settings that the two frameworks define differently, in canonical terms."""
    if isinstance(layer, DROPOUTS):
        return {"rate": float(layer.rate)}
    return settings_of_form(layer)


@contextmanager
def record_calls(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Records the calls of the layers and of their fused activations within the context."""
    fused_activations, own_calls = {}, {name: vars(layer).get("call") for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            activation = vars(layer).get("activation")  # a recurrent layer's is a property of its cell
            is_cell = hasattr(layer, "state_size")  # a cell computes with its activation, more than once
            if activation not in (None, keras.activations.linear) and layer.weights and not is_cell:
                fused_activations[name] = activation
                layer.activation = _RememberingActivation(activation)
            layer.call = _RecordedCall(layer, name, recorder)
        yield
    finally:
        for name, layer in layers.items():
            if "call" in vars(layer):
                del layer.call
            if own_calls[name] is not None:
                layer.call = own_calls[name]
            if name in fused_activations:
                layer.activation = fused_activations[name]


def arrays_of(values: Iterable[Any]) -> tuple[Array, ...]:
    """All tensors in these values, however they are nested, as arrays."""
    return arrays_in(values, _is_known, _array)


def made_by(value: Any) -> Any:
    """The layer that a value is, or the operation that a symbolic tensor comes from; None for anything else."""
    if isinstance(value, keras.KerasTensor):
        history = getattr(value, "_keras_history", None)
        return None if history is None else history.operation
    return value if isinstance(value, keras.layers.Layer) else None


def operations_of(network: Any) -> dict[str, Any]:
    """The operations of a functional model that are no layers, such as an addition."""
    models = [network, *network._flatten_layers(include_self=False)]
    operations = [each for model in models for each in getattr(model, "operations", ())]
    of_graph = [each for each in operations if not isinstance(each, keras.layers.Layer)]
    return {f"{OPERATION}{number} {each.name}": each for number, each in enumerate(of_graph)}


def _is_framework_layer(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.")


class _RememberingActivation:
    """A fused activation that stores its last input."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.x = inner, None

    def __call__(self, x: Any) -> Any:
        self.x = x
        return self.inner(x)


class _RecordedCall:
    """The call of a layer, which adds itself to the recorder."""

    def __init__(self, layer: Any, name: str, recorder: Recorder) -> None:
        self.layer, self.inner, self.name, self.recorder = layer, layer.call, name, recorder

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        self.recorder.enter()
        y = self.inner(*inputs, **options)
        given = [value for key, value in options.items() if key not in UNSEEN and not key.endswith("_mask")]
        self._record(arrays_of([*inputs, *given]), arrays_of([y]))
        return y

    def _record(self, xs: tuple[Array, ...], ys: tuple[Array, ...]) -> None:
        activation = vars(self.layer).get("activation")
        is_activation_layer = isinstance(self.layer, keras.layers.Activation)
        kind = _function_name(activation) if is_activation_layer else type(self.layer).__name__
        if isinstance(activation, _RememberingActivation):
            before = arrays_of([activation.x])
            self.recorder.leave(LayerCall(self.name, kind, xs, before))
            self.recorder.record(LayerCall(f"{self.name}.activation", _function_name(activation.inner), before, ys))
        else:
            self.recorder.leave(LayerCall(self.name, kind, xs, ys))


def _is_known(value: Any) -> bool:
    """Whether it is a tensor with values: within a compiled function it has none."""
    return bool(tf.is_tensor(value)) and hasattr(value, "numpy")


def _array(tensor: Any) -> Array:
    return np.array(tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor)


def _function_name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
