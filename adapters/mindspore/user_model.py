"""A user's own nn.Cell as a `user_model.OwnModel`: its parameters, layers, loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from adapters.mindspore.clipping import clipping
from adapters.mindspore.losses import loss
from adapters.mindspore.optimizers import optimizer
from adapters.mindspore.runtime import array, compiled, floats, integers
from adapters.mindspore.specifics.user_layers_float64 import compose
from adapters.mindspore.user_layers import (
    DROPOUTS,
    layers_of,
    parameters_of,
    record_calls,
    settings_of,
    to_canonical,
    to_native,
)
from adapters.mindspore.user_settings import change_setting
from adapters.protocol import Array
from adapters.setting import Setting
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
) -> MindSporeOwnModel:
    """The model that `function` of a user's file builds. Its images are in `layout`; `sample` is a batch of inputs."""
    return MindSporeOwnModel(file, function, layout, word, seed, setting, sample)


class MindSporeOwnModel:
    """A user's own model in this framework; the methods are those of `adapters.user_model.OwnModel`."""

    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
    ) -> None:
        self.layout, self.word, self.setting = layout, word, setting
        ms.set_seed(seed)
        self.network = build_model(file, function, (nn.Cell,), "an nn.Cell")
        self.composed: list[str] = []
        if setting.precision == "float64":
            for parameter in self.network.get_parameters():
                parameter.set_dtype(ms.float64)
            self.composed = compose(self.network)
        self.layers = dict(layers_of(self.network))
        self._by_name = {
            description.name: (description, parameter)
            for description, parameter in parameters_of(self.network, self.layers)
        }
        self._forward = compiled(Forward(self.network).construct, setting)
        self._gradient_functions: dict[tuple[int, ...], Any] = {}
        require_accepts(lambda: self.forward(sample), f"{Path(file).name}:{function}", sample)

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
        # Not Parameter.set_data, which silently detaches the parameter once an optimizer has run eagerly.
        for name, value in weights.items():
            description, parameter = self._by_name[name]
            ops.assign(parameter, floats(to_native(description, value, parameter.shape), self.setting))

    def change(self, layer: str, setting: str, value: float) -> None:
        change_setting(self.layers[layer], setting, value)

    def without_dropout(self) -> None:
        for layer in self.layers.values():
            if isinstance(layer, DROPOUTS):
                layer.construct = _identity

    def forward(self, x: Array) -> Array:
        self.network.set_train(False)
        return array(self._forward(self._inputs(x)))

    def traced(self, x: Array, training: bool) -> list[LayerCall]:
        recorder = Recorder()
        with record_calls(recorder, self.layers):
            self.network.set_train(training)
            self.network(self._inputs(x))
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
        self.network.set_train(True)
        return self._gradient_functions[y.shape](self._inputs(x), self._targets(y))

    def _trainable(self) -> dict[str, Any]:
        return {name: parameter for name, (description, parameter) in self._by_name.items() if description.trainable}

    def _inputs(self, x: Array) -> Any:
        value = from_channels_last(x, self.layout)
        return floats(value, self.setting) if np.issubdtype(x.dtype, np.floating) else integers(value)

    def _targets(self, y: Array) -> Any:
        return integers(y) if _are_labels(y) else floats(y, self.setting)


class Forward(nn.Cell):
    """The network in evaluation."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def construct(self, x: Any) -> Any:
        return self.network(x)


class Step:
    """The loss of a batch and its gradients, as functions of tensors."""

    def __init__(self, network: Any, loss: Any, parameters: list[Any]) -> None:
        self.network, self.loss = network, loss
        self.gradient_function = ms.value_and_grad(self._value, None, ms.ParameterTuple(parameters))

    def value_and_gradients(self, x: Any, y: Any) -> Any:
        """The loss in training and its gradients by the parameters."""
        return self.gradient_function(x, y)

    def _value(self, x: Any, y: Any) -> Any:
        return self.loss(self.network(x), y)


def _are_labels(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))


def _identity(x: Any) -> Any:
    return x
