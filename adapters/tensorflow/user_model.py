"""A user's own keras.Model or Layer as a `user_model.OwnModel`: its parameters, layers, loss, gradients and updates."""

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
    layers_of,
    parameters_of,
    record_calls,
    settings_of,
    to_canonical,
    to_native,
)
from adapters.tensorflow.user_settings import change_setting
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
    """The model that `function` of a user's file builds. Its images are in `layout`; `sample` is a batch of inputs."""
    return TensorFlowOwnModel(file, function, layout, word, seed, setting, sample)


class TensorFlowOwnModel:
    """A user's own model in this framework; the methods are those of `adapters.user_model.OwnModel`."""

    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
    ) -> None:
        self.layout, self.word, self.setting = layout, word, setting
        keras.utils.clear_session()  # Keras numbers names anew, so that they are equal in every precision
        keras.utils.set_random_seed(seed)
        with default_precision(setting.precision):
            self.network = build_model(file, function, (keras.layers.Layer,), "a keras.Model or a keras.layers.Layer")
            # The first call builds the layers that need an input shape.
            call = partial(self.network, self._inputs(sample), training=False)
            require_accepts(call, f"{Path(file).name}:{function}", sample)
        self.composed: list[str] = []
        self.layers = dict(layers_of(self.network))
        self._by_name = {
            description.name: (description, parameter)
            for description, parameter in parameters_of(self.network, self.layers)
        }
        self._forward = compiled(Forward(self.network).__call__, setting)
        self._gradient_functions: dict[tuple[int, ...], Any] = {}

    def parameters(self) -> list[OwnParameter]:
        return [description for description, _ in self._by_name.values()]

    def settings(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": type(layer).__name__, **settings_of(layer)} for name, layer in self.layers.items()}

    def weights(self) -> dict[str, Array]:
        return {
            name: to_canonical(description, array(parameter))
            for name, (description, parameter) in self._by_name.items()
        }

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        for name, value in weights.items():
            description, parameter = self._by_name[name]
            parameter.assign(floats(to_native(description, value, parameter.shape), self.setting))

    def change(self, layer: str, setting: str, value: float) -> None:
        change_setting(self.layers[layer], setting, value)

    def without_dropout(self) -> None:
        for layer in self.layers.values():
            if isinstance(layer, DROPOUTS):
                layer.rate = 0.0

    def forward(self, x: Array) -> Array:
        return array(self._forward(self._inputs(x)))

    def traced(self, x: Array, training: bool) -> list[LayerCall]:
        recorder = Recorder()
        with record_calls(recorder, self.layers):
            self.network(self._inputs(x), training=training)
        return calls_in_canonical_layout(recorder.calls, self.layout)

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(x, y)
        named_gradients = zip(self._trainable(), gradients, strict=True)
        return float(array(value)), {
            name: to_canonical(self._by_name[name][0], array(gradient)) for name, gradient in named_gradients
        }

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        self._update_parameters = {key: self._by_name[name][1] for key, name in names.items()}
        self._clip = clipping(update.clipping, self.setting)
        self._apply_gradients = optimizer(update, self._update_parameters, horizon, self.setting).apply_gradients

    def step(self, x: Array, y: Array) -> float:
        value, gradients = self._value_and_gradients(x, y)
        gradient_of = dict(zip(map(id, self._trainable().values()), gradients, strict=True))
        ordered_gradients = tuple(gradient_of[id(parameter)] for parameter in self._update_parameters.values())
        self._apply_gradients(self._clip(ordered_gradients))
        return float(array(value))

    def _value_and_gradients(self, x: Array, y: Array) -> Any:
        """The loss and the gradients, by a function that is compiled at the first batch of each shape."""
        if y.shape not in self._gradient_functions:
            width = self.forward(x).size // len(x)
            criterion = loss(self.word, width, "labels" if _are_labels(y) else "values", self.setting)
            step = Step(self.network, criterion, list(self._trainable().values()))
            self._gradient_functions[y.shape] = compiled(step.value_and_gradients, self.setting)
        return self._gradient_functions[y.shape](self._inputs(x), self._targets(y))

    def _trainable(self) -> dict[str, Any]:
        return {name: parameter for name, (description, parameter) in self._by_name.items() if description.trainable}

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
    """The loss of a batch and its gradients, as functions of tensors."""

    def __init__(self, network: Any, loss: Any, parameters: list[Any]) -> None:
        self.network, self.loss = network, loss
        self.parameters = [parameter.value for parameter in parameters]

    def value_and_gradients(self, x: Any, y: Any) -> Any:
        """The loss in training and its gradients by the parameters."""
        with tf.GradientTape() as tape:
            value = self._value(x, y)
        zero = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, self.parameters, unconnected_gradients=zero)

    def _value(self, x: Any, y: Any) -> Any:
        value = self.loss(self.network(x, training=True), y)
        return value + sum(self.network.losses)  # the penalties of the layers, which training in Keras adds


def _are_labels(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))
