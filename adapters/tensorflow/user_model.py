"""A user's own keras.Model or Layer, looked into: its parameters, its layers, its loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array
from adapters.setting import Setting
from adapters.tensorflow.clipping import clipping
from adapters.tensorflow.losses import loss
from adapters.tensorflow.optimizers import optimizer
from adapters.tensorflow.runtime import array, compiled, floats, integers
from adapters.tensorflow.specifics.precision import default_precision
from adapters.tensorflow.user_layers import (
    DROPOUTS,
    NORMALISATIONS,
    layers_of,
    parameters_of,
    recorded,
    settings_of,
    to_canonical,
    to_native,
)
from adapters.user_model import (
    LayerCall,
    OwnParameter,
    Recorder,
    build_model,
    calls_in_canonical_layout,
    from_channels_last,
    require_accepts,
)
from harness.spec.arm import Layout
from harness.spec.losses import Loss
from harness.spec.recipe import Update


def user_model(
    file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
) -> TensorFlowOwnModel:
    return TensorFlowOwnModel(file, function, layout, word, seed, setting, sample)


class TensorFlowOwnModel:
    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
    ) -> None:
        self.layout, self.word, self.setting = layout, word, setting
        keras.utils.clear_session()  # names that Keras gives are numbered anew, so that every precision has the same
        keras.utils.set_random_seed(seed)
        with default_precision(setting.precision):
            self.network = build_model(file, function, (keras.layers.Layer,), "a keras.Model or a keras.layers.Layer")
            # The first call builds what waits for a shape.
            call = partial(self.network, self._inputs(sample), training=False)
            require_accepts(call, f"{Path(file).name}:{function}", sample)
        self.composed: list[str] = []
        self.layers = dict(layers_of(self.network))
        self._named = {
            description.name: (description, parameter)
            for description, parameter in parameters_of(self.network, self.layers)
        }
        self._forward = compiled(Forward(self.network).__call__, setting)
        self._differentiated: dict[tuple[int, ...], Any] = {}

    def parameters(self) -> list[OwnParameter]:
        return [description for description, _ in self._named.values()]

    def settings(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": type(layer).__name__, **settings_of(layer)} for name, layer in self.layers.items()}

    def weights(self) -> dict[str, Array]:
        return {
            name: to_canonical(description, array(parameter)) for name, (description, parameter) in self._named.items()
        }

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        for name, value in weights.items():
            description, parameter = self._named[name]
            parameter.assign(floats(to_native(description, value, parameter.shape), self.setting))

    def change(self, layer: str, setting: str, value: float) -> None:
        if not isinstance(self.layers[layer], NORMALISATIONS):
            raise KeyError(setting)
        setattr(self.layers[layer], setting, value)

    def without_dropout(self) -> None:
        for layer in self.layers.values():
            if isinstance(layer, DROPOUTS):
                layer.rate = 0.0

    def forward(self, x: Array) -> Array:
        return array(self._forward(self._inputs(x)))

    def traced(self, x: Array, training: bool) -> list[LayerCall]:
        recorder = Recorder()
        with recorded(recorder, self.layers):
            self.network(self._inputs(x), training=training)
        return calls_in_canonical_layout(recorder.calls, self.layout)

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(x, y)
        named = zip(self._trainable(), gradients, strict=True)
        return float(array(value)), {name: to_canonical(self._named[name][0], array(g)) for name, g in named}

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        self._updated = {key: self._named[name][1] for key, name in names.items()}
        self._clip = clipping(update.clipping, self.setting)
        self._apply_gradients = optimizer(update, self._updated, horizon, self.setting).apply_gradients

    def step(self, x: Array, y: Array) -> float:
        value, gradients = self._value_and_gradients(x, y)
        by_parameter = dict(zip(map(id, self._trainable().values()), gradients, strict=True))
        self._apply_gradients(self._clip(tuple(by_parameter[id(parameter)] for parameter in self._updated.values())))
        return float(array(value))

    def _value_and_gradients(self, x: Array, y: Array) -> Any:
        """Compiled at the first batch of a shape, which tells the number of outputs."""
        if y.shape not in self._differentiated:
            width = self.forward(x).size // len(x)
            criterion = loss(self.word, width, "labels" if _are_labels(y) else "values", self.setting)
            step = Step(self.network, criterion, list(self._trainable().values()))
            self._differentiated[y.shape] = compiled(step.value_and_gradients, self.setting)
        return self._differentiated[y.shape](self._inputs(x), self._targets(y))

    def _trainable(self) -> dict[str, Any]:
        return {name: parameter for name, (description, parameter) in self._named.items() if description.trainable}

    def _inputs(self, x: Array) -> Any:
        value = from_channels_last(x, self.layout)
        return floats(value, self.setting) if np.issubdtype(x.dtype, np.floating) else integers(value)

    def _targets(self, y: Array) -> Any:
        return integers(y) if _are_labels(y) else floats(y, self.setting)


class Forward:
    """The network in evaluation."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def __call__(self, x: Any) -> Any:
        return self.network(x, training=False)


class Step:
    """The loss of a batch, and its gradients, as functions of tensors."""

    def __init__(self, network: Any, criterion: Any, parameters: list[Any]) -> None:
        self.network, self.criterion = network, criterion
        self.parameters = [parameter.value for parameter in parameters]

    def value_and_gradients(self, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = self._value(x, y)
        zero = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, self.parameters, unconnected_gradients=zero)

    def _value(self, x: Any, y: Any) -> Any:
        value = self.criterion(self.network(x, training=True), y)
        return value + sum(self.network.losses)  # penalties of its layers, as Keras' description training adds


def _are_labels(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))
