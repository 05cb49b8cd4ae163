"""The layers of a user's own keras.Model: their names, parameters, settings and calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array
from adapters.tensorflow.user_settings import settings_of_form
from adapters.user_model import Recorder

DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)


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


def settings_of(layer: Any) -> dict[str, Any]:
    """The settings that the two frameworks define differently, in canonical terms."""
    if isinstance(layer, DROPOUTS):
        return {"rate": float(layer.rate)}
    return settings_of_form(layer)


@contextmanager
def record_calls(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Records the calls of the layers and of their fused activations within the context."""
    fused_activations = {}
    try:
        for name, layer in layers.items():
            activation = vars(layer).get("activation")  # a recurrent layer's is a property of its cell
            if activation not in (None, keras.activations.linear) and layer.weights:
                fused_activations[name] = activation
                layer.activation = _RememberingActivation(activation)
            layer.call = _RecordedCall(layer, name, recorder)
        yield
    finally:
        for name, layer in layers.items():
            if "call" in vars(layer):
                del layer.call
            if name in fused_activations:
                layer.activation = fused_activations[name]


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
        y = self.inner(*inputs, **options)
        if tf.executing_eagerly() and inputs and tf.is_tensor(inputs[0]) and tf.is_tensor(y):
            self._record(np.array(inputs[0]), np.array(y))
        return y

    def _record(self, x: Array, y: Array) -> None:
        activation = getattr(self.layer, "activation", None)
        is_activation_layer = isinstance(self.layer, keras.layers.Activation)
        kind = _function_name(activation) if is_activation_layer else type(self.layer).__name__
        if isinstance(activation, _RememberingActivation):
            preactivation = np.array(activation.x)
            self.recorder.record(self.name, kind, x, preactivation)
            self.recorder.record(f"{self.name}.activation", _function_name(activation.inner), preactivation, y)
        else:
            self.recorder.record(self.name, kind, x, y)


def _function_name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
