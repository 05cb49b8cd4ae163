"""A user's own keras.Model or Layer, looked into: its parameters, its layers, its loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from adapters.user_model import Called, OwnParameter, Recorder, accepted, built, from_channels_last, relayered
from harness.spec.arm import Layout
from harness.spec.losses import Loss
from harness.spec.recipe import Update

NORMALISATIONS = (keras.layers.BatchNormalization,)
DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)


def user_model(
    file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
) -> TensorFlowOwnModel:
    return TensorFlowOwnModel(file, function, layout, word, seed, setting, sample)


class TensorFlowOwnModel:
    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
    ) -> None:
        self.precision, self.layout, self.word, self.setting = setting.precision, layout, word, setting
        keras.utils.clear_session()  # names that Keras gives are numbered anew, so that every precision has the same
        keras.utils.set_random_seed(seed)
        with _floating(self.precision):
            self.network = built(file, function, (keras.layers.Layer,), "a keras.Model or a keras.layers.Layer")
            # The first call builds what waits for a shape.
            call = partial(self.network, self._given(sample), training=False)
            accepted(call, f"{Path(file).name}:{function}", sample)
        self.composed: list[str] = []
        self.layers = dict(_leaves(self.network))
        self._named = {own.name: (own, variable) for own, variable in _own(self.network, self.layers)}
        mode = setting.mode
        self._run: Any = _as_is if mode == "eager" else tf.function(jit_compile=mode == "xla", autograph=False)
        self._evaluated = self._run(lambda x: self.network(x, training=False))
        self._compiled: dict[tuple[int, ...], Any] = {}

    def parameters(self) -> list[OwnParameter]:
        return [own for own, _ in self._named.values()]

    def settings(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": type(layer).__name__, **_settings(layer)} for name, layer in self.layers.items()}

    def weights(self) -> dict[str, Array]:
        return {name: np.array(variable.value) for name, (_, variable) in self._named.items()}

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        for name, value in weights.items():
            self._named[name][1].assign(value.astype(self.precision))

    def change(self, layer: str, setting: str, value: float) -> None:
        if not isinstance(self.layers[layer], NORMALISATIONS):
            raise KeyError(setting)
        setattr(self.layers[layer], setting, value)

    def without_dropout(self) -> None:
        for layer in self.layers.values():
            if isinstance(layer, DROPOUTS):
                layer.rate = 0.0

    def forward(self, x: Array) -> Array:
        return np.array(self._evaluated(self._given(x)))

    def traced(self, x: Array, training: bool) -> list[Called]:
        recorder = Recorder()
        with _taking(recorder, self.layers):
            self.network(self._given(x), training=training)
        return relayered(recorder.calls, self.layout)

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        value, gradients = self._differentiated(x, y)(self._given(x), self._targets(y))
        return float(value), {name: np.array(g) for name, g in zip(self._trainable(), gradients, strict=True)}

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        self._updated = {own: self._named[name][1] for own, name in names.items()}
        self._clip = clipping(update.clipping, self.setting)
        self._move = optimizer(update, self._updated, horizon, self.setting).move

    def step(self, x: Array, y: Array) -> float:
        value, gradients = self._differentiated(x, y)(self._given(x), self._targets(y))
        by_variable = dict(zip(map(id, self._trainable().values()), gradients, strict=True))
        self._move(self._clip(tuple(by_variable[id(variable)] for variable in self._updated.values())))
        return float(value)

    def _differentiated(self, x: Array, y: Array) -> Any:
        """The loss and its gradients, made at the first batch of a shape, which tells the number of outputs."""
        if y.shape not in self._compiled:
            width = self.forward(x).size // len(x)
            criterion = loss(self.word, width, "labels" if _labels(y) else "values", self.setting)
            learned = [variable.value for variable in self._trainable().values()]

            def differentiate(x: Any, y: Any) -> Any:
                with tf.GradientTape() as tape:
                    value = criterion(self.network(x, training=True), y)
                    value = value + sum(self.network.losses)  # penalties of its layers, as Keras' own training adds
                return value, tape.gradient(value, learned, unconnected_gradients=tf.UnconnectedGradients.ZERO)

            self._compiled[y.shape] = self._run(differentiate)
        return self._compiled[y.shape]

    def _trainable(self) -> dict[str, Any]:
        return {name: variable for name, (own, variable) in self._named.items() if own.trainable}

    def _given(self, x: Array) -> Any:
        floating = np.issubdtype(x.dtype, np.floating)
        return tf.constant(from_channels_last(x, self.layout), self.precision if floating else tf.int32)

    def _targets(self, y: Array) -> Any:
        return tf.constant(y, tf.int32 if _labels(y) else self.precision)


@contextmanager
def _floating(precision: str) -> Iterator[None]:
    """What a layer is made in where its maker says nothing."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _leaves(network: Any) -> Iterator[tuple[str, Any]]:
    """The layers of the framework, and the user's own layers that hold no others, by their names."""
    found: dict[str, Any] = {}
    for layer in network._flatten_layers(include_self=False):
        holds = any(True for _ in layer._flatten_layers(include_self=False, recursive=False))
        if isinstance(layer, keras.layers.InputLayer) or (holds and not _of_framework(layer)):
            continue
        if isinstance(layer, keras.Model):
            continue
        name, number = layer.name, 2
        while name in found:
            name, number = f"{layer.name}_{number}", number + 1
        found[name] = layer
    yield from found.items()


def _of_framework(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.")


def _own(network: Any, layers: Mapping[str, Any]) -> Iterator[tuple[OwnParameter, Any]]:
    owners = {id(variable): (name, layer) for name, layer in layers.items() for variable in layer.weights}
    for variable in network.weights:
        above, _, role = variable.path.rpartition("/")
        name, layer = owners.get(id(variable), (above.rpartition("/")[2], None))
        if role == "kernel" and isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D):
            role = "depthwise_kernel"
        yield OwnParameter(variable.path, name, role, tuple(variable.shape), bool(variable.trainable)), variable


def _settings(layer: Any) -> dict[str, Any]:
    if isinstance(layer, NORMALISATIONS):
        return {"momentum": layer.momentum, "epsilon": layer.epsilon}
    if isinstance(layer, keras.layers.Conv2D):
        return {"strides": list(layer.strides), "dilation": list(layer.dilation_rate)}
    if isinstance(layer, DROPOUTS):
        return {"rate": float(layer.rate)}
    return {}


@contextmanager
def _taking(recorder: Recorder, layers: Mapping[str, Any]) -> Iterator[None]:
    """Wraps each layer's call, and its fused activation, for as long as is traced."""
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


class _Activation:
    """A fused activation that remembers what it was last given."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.given = inner, None

    def __call__(self, x: Any) -> Any:
        self.given = x
        return self.inner(x)


class _Call:
    def __init__(self, layer: Any, name: str, recorder: Recorder) -> None:
        self.layer, self.inner, self.name, self.recorder = layer, layer.call, name, recorder

    def __call__(self, *given: Any, **named: Any) -> Any:
        y = self.inner(*given, **named)
        if tf.executing_eagerly() and given and tf.is_tensor(given[0]) and tf.is_tensor(y):
            x, kind = np.array(given[0]), type(self.layer).__name__
            activation = getattr(self.layer, "activation", None)
            if isinstance(self.layer, keras.layers.Activation):
                kind = _named(activation)
            if isinstance(activation, _Activation):
                before = np.array(activation.given)
                self.recorder.take(self.name, kind, x, before)
                self.recorder.take(f"{self.name}.activation", _named(activation.inner), before, np.array(y))
            else:
                self.recorder.take(self.name, kind, x, np.array(y))
        return y


def _named(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _labels(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))


def _as_is(function: Any) -> Any:
    return function
