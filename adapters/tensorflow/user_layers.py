"""The layers of a user's own keras.Model: which they are, what they hold, how they are set, what they computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array
from adapters.user_model import OwnParameter, Recorder

NORMALISATIONS = (keras.layers.BatchNormalization,)
DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


def layers_of(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's own layers that hold no others, by their names."""
    layers: dict[str, Any] = {}
    for layer in network._flatten_layers(include_self=False):
        holds = any(True for _ in layer._flatten_layers(include_self=False, recursive=False))
        if isinstance(layer, keras.layers.InputLayer) or (holds and not _of_framework(layer)):
            continue
        if isinstance(layer, keras.Model):
            continue
        name, number = layer.name, 2
        while name in layers:
            name, number = f"{layer.name}_{number}", number + 1
        layers[name] = layer
    yield from layers.items()


def parameters_of(network: Any, layers: Mapping[str, Any]) -> Iterator[tuple[OwnParameter, Any]]:
    """Every parameter, and what it is in canonical terms; `layers` as `layers_of` names them."""
    owners = {id(parameter): (name, layer) for name, layer in layers.items() for parameter in layer.weights}
    for parameter in network.weights:
        above, _, role = parameter.path.rpartition("/")
        name, layer = owners.get(id(parameter), (above.rpartition("/")[2], None))
        role = "depthwise_kernel" if role == "kernel" and isinstance(layer, DEPTHWISE) else role
        shape = tuple(parameter.shape)
        yield OwnParameter(parameter.path, name, role, shape, bool(parameter.trainable)), parameter


def settings_of(layer: Any) -> dict[str, Any]:
    """What is known to be given differently in the two frameworks, in canonical terms."""
    if isinstance(layer, NORMALISATIONS):
        return {"momentum": layer.momentum, "epsilon": layer.epsilon}
    if isinstance(layer, keras.layers.Conv2D):
        return {"strides": list(layer.strides), "dilation": list(layer.dilation_rate)}
    if isinstance(layer, DROPOUTS):
        return {"rate": float(layer.rate)}
    return {}


@contextmanager
def recorded(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Takes down the calls of the layers, and of their fused activations, meanwhile."""
    fused = {}
    try:
        for name, layer in layers.items():
            activation = getattr(layer, "activation", None)
            if activation not in (None, keras.activations.linear) and layer.weights:
                fused[name] = activation
                layer.activation = _Activation(activation)
            layer.call = _Call(layer, name, recorder)
        yield
    finally:
        for name, layer in layers.items():
            if "call" in vars(layer):
                del layer.call
            if name in fused:
                layer.activation = fused[name]


def to_canonical(parameter: OwnParameter, value: Array) -> Array:
    """From Keras' layout to the canonical one, which is the same."""
    return value


def to_native(parameter: OwnParameter, value: Array, shape: tuple[int, ...]) -> Array:
    """From the canonical layout to Keras', of this shape."""
    return value


def _of_framework(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.")


class _Activation:
    """A fused activation that remembers what it was last given."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.x = inner, None

    def __call__(self, x: Any) -> Any:
        self.x = x
        return self.inner(x)


class _Call:
    """A layer's call that is taken down."""

    def __init__(self, layer: Any, name: str, recorder: Recorder) -> None:
        self.layer, self.inner, self.name, self.recorder = layer, layer.call, name, recorder

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        y = self.inner(*inputs, **options)
        if tf.executing_eagerly() and inputs and tf.is_tensor(inputs[0]) and tf.is_tensor(y):
            self._take(np.array(inputs[0]), np.array(y))
        return y

    def _take(self, x: Array, y: Array) -> None:
        activation = getattr(self.layer, "activation", None)
        alone = isinstance(self.layer, keras.layers.Activation)
        kind = _name(activation) if alone else type(self.layer).__name__
        if isinstance(activation, _Activation):
            before = np.array(activation.x)
            self.recorder.record(self.name, kind, x, before)
            self.recorder.record(f"{self.name}.activation", _name(activation.inner), before, y)
        else:
            self.recorder.record(self.name, kind, x, y)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
