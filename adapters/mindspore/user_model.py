"""A user's own nn.Cell, looked into: its parameters, its layers one by one, its loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.clipping import clipping
from adapters.mindspore.losses import loss
from adapters.mindspore.optimizers import optimizer
from adapters.mindspore.user_model_float64 import compose
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.user_model import Called, OwnParameter, Recorder, accepted, built, from_channels_last, relayered
from harness.spec.arm import Layout
from harness.spec.losses import Loss
from harness.spec.recipe import Update

ROLES = {
    "weight": "kernel",
    "embedding_table": "embeddings",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def user_model(
    file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
) -> MindSporeOwnModel:
    return MindSporeOwnModel(file, function, layout, word, seed, setting, sample)


class MindSporeOwnModel:
    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Array
    ) -> None:
        self.dtype, self.layout, self.word, self.setting = getattr(ms, setting.precision), layout, word, setting
        ms.set_seed(seed)
        self.network = built(file, function, (nn.Cell,), "an nn.Cell")
        self.composed: list[str] = []
        if setting.precision == "float64":
            for parameter in self.network.get_parameters():
                parameter.set_dtype(ms.float64)
            self.composed = compose(self.network)
        self.layers = dict(_leaves(self.network))
        self._named = {
            own.name: (own, parameter) for layer, cell in _holders(self.network) for own, parameter in _own(layer, cell)
        }
        self._run: Any = ms.jit if setting.mode == "jit" else _as_is
        self._evaluated = self._run(Forward(self.network).construct)
        self._compiled: dict[tuple[int, ...], Any] = {}
        accepted(lambda: self.forward(sample), f"{Path(file).name}:{function}", sample)

    def parameters(self) -> list[OwnParameter]:
        return [own for own, _ in self._named.values()]

    def settings(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": type(cell).__name__, **_settings(cell)} for name, cell in self.layers.items()}

    def weights(self) -> dict[str, Array]:
        return {name: self._canonical(name, parameter.asnumpy()) for name, (_, parameter) in self._named.items()}

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        # Not Parameter.set_data: once an optimizer has run eagerly it would silently detach the parameter.
        for name, value in weights.items():
            parameter = self._named[name][1]
            ops.assign(parameter, Tensor(self._native(name, value), self.dtype))

    def change(self, layer: str, setting: str, value: float) -> None:
        cell = self.layers[layer]
        if not isinstance(cell, NORMALISATIONS):
            raise KeyError(setting)
        cell.eps = {"epsilon": value}.get(setting, cell.eps)
        cell.momentum = {"momentum": 1 - value}.get(setting, cell.momentum)
        cell.bn_train = ops.BatchNorm(True, cell.eps, cell.momentum, cell.format)
        cell.bn_infer = ops.BatchNorm(False, cell.eps, data_format=cell.format)

    def without_dropout(self) -> None:
        for cell in self.layers.values():
            if isinstance(cell, DROPOUTS):
                cell.construct = _as_is

    def forward(self, x: Array) -> Array:
        self.network.set_train(False)
        return _copied(self._evaluated(self._given(x)))

    def traced(self, x: Array, training: bool) -> list[Called]:
        recorder = Recorder()
        handles = [cell.register_forward_hook(_taking(recorder, name)) for name, cell in self.layers.items()]
        try:
            self.network.set_train(training)
            self.network(self._given(x))
        finally:
            for handle in handles:
                handle.remove()
        return relayered(_unfused(recorder.calls), self.layout)

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        differentiated = self._differentiated(x, y)
        self.network.set_train(True)
        value, gradients = differentiated(self._given(x), self._targets(y))
        named = zip(self._trainable(), gradients, strict=True)
        return float(value.asnumpy()), {name: self._canonical(name, _copied(g)) for name, g in named}

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        self._updated = {own: self._named[name][1] for own, name in names.items()}
        self._clip = clipping(update.clipping, self.setting)
        self._move = optimizer(update, self._updated, horizon, self.setting).move

    def step(self, x: Array, y: Array) -> float:
        differentiated = self._differentiated(x, y)
        self.network.set_train(True)
        value, gradients = differentiated(self._given(x), self._targets(y))
        by_parameter = dict(zip(map(id, self._trainable().values()), gradients, strict=True))
        self._move(self._clip(tuple(by_parameter[id(parameter)] for parameter in self._updated.values())))
        return float(value.asnumpy())

    def _differentiated(self, x: Array, y: Array) -> Any:
        """The loss and its gradients, made at the first batch of a shape, which tells the number of outputs."""
        if y.shape not in self._compiled:
            width = self.forward(x).size // len(x)
            criterion = loss(self.word, width, "labels" if _labels(y) else "values", self.setting)
            learned = ms.ParameterTuple(list(self._trainable().values()))
            step = Step(self.network, criterion, learned)
            self._compiled[y.shape] = self._run(step.value_and_gradients)
        return self._compiled[y.shape]

    def _trainable(self) -> dict[str, Any]:
        return {name: parameter for name, (own, parameter) in self._named.items() if own.trainable}

    def _given(self, x: Array) -> Any:
        return Tensor(
            from_channels_last(x, self.layout), self.dtype if np.issubdtype(x.dtype, np.floating) else ms.int32
        )

    def _targets(self, y: Array) -> Any:
        return Tensor(y, ms.int32 if _labels(y) else self.dtype)

    def _canonical(self, name: str, value: Array) -> Array:
        own, parameter = self._named[name]
        axes = _axes(own.role, parameter.ndim)
        if own.role == "depthwise_kernel":
            height, width, channels, multiplier = own.shape
            value = value.reshape(channels, multiplier, height, width)
        return np.array(value.transpose(axes)).reshape(own.shape)

    def _native(self, name: str, value: Array) -> Array:
        own, parameter = self._named[name]
        back = np.argsort(_axes(own.role, parameter.ndim))
        whole = value.reshape(*(1,) * (parameter.ndim - value.ndim), *value.shape)
        return np.ascontiguousarray(whole.transpose(back)).reshape(parameter.shape)


class Forward(nn.Cell):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def construct(self, x: Any) -> Any:
        return self.network(x)


class Step:
    """The loss of a batch, and its gradients, as functions of tensors."""

    def __init__(self, network: Any, criterion: Any, parameters: Any) -> None:
        self.network, self.criterion = network, criterion
        self.differentiated = ms.value_and_grad(self._value, None, parameters)

    def _value(self, x: Any, y: Any) -> Any:
        return self.criterion(self.network(x), y)

    def value_and_gradients(self, x: Any, y: Any) -> Any:
        return self.differentiated(x, y)


def _leaves(cell: Any, above: str = "") -> Any:
    """The layers of the framework, and the user's own cells that hold no others, by their dotted names."""
    for name, inner in cell.name_cells().items():
        path = f"{above}{name}"
        if isinstance(inner, nn.SequentialCell | nn.CellList) or (inner.name_cells() and not _of_framework(inner)):
            yield from _leaves(inner, f"{path}.")
            continue
        yield path, inner
        if getattr(inner, "activation_flag", False):
            yield f"{path}.activation", inner.activation


def _of_framework(cell: Any) -> bool:
    return type(cell).__module__.startswith("mindspore.")


def _holders(network: Any) -> Any:
    """Every cell that holds parameters of its own."""
    return [(name, cell) for name, cell in network.cells_and_names() if cell._params]


def _own(layer: str, cell: Any) -> Any:
    for key, parameter in cell._params.items():
        role, shape = ROLES.get(key, key) if _of_framework(cell) else key, tuple(parameter.shape)
        if role == "kernel" and len(shape) == 1:  # a normalisation's scale
            role = "gamma"
        if role == "kernel" and getattr(cell, "group", 1) > 1:
            role, channels = "depthwise_kernel", cell.in_channels
            shape = (*shape[2:], channels, shape[0] // channels)
        elif role == "kernel":
            shape = tuple(shape[axis] for axis in _axes(role, len(shape)))
            if type(cell).__name__ == "Conv1d":  # MindSpore keeps an axis of height 1
                shape = shape[1:]
        yield OwnParameter(f"{layer}.{key}".lstrip("."), layer, role, shape, bool(parameter.requires_grad)), parameter


def _axes(role: str, rank: int) -> tuple[int, ...]:
    """The order of MindSpore's axes in the canonical layout."""
    if role == "depthwise_kernel":
        return 2, 3, 0, 1
    if role == "kernel" and rank > 1:
        return (*range(2, rank), 1, 0)
    return tuple(range(rank))


def _settings(cell: Any) -> dict[str, Any]:
    if isinstance(cell, NORMALISATIONS):
        return {"momentum": round(1 - cell.momentum, 12), "epsilon": cell.eps}
    if isinstance(cell, nn.Conv2d):
        return {"strides": list(cell.stride), "dilation": list(cell.dilation)}
    if isinstance(cell, DROPOUTS):
        return {"rate": round(float(1 - cell.keep_prob if getattr(cell, "p", None) is None else cell.p), 12)}
    return {}


def _taking(recorder: Recorder, name: str) -> Any:
    def take(cell: Any, inputs: Any, output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            recorder.take(name, type(cell).__name__, _copied(inputs[0]), _copied(output))

    return take


def _unfused(calls: list[Called]) -> list[Called]:
    """A layer's output before its fused activation, whose own call comes first in what was recorded."""
    found: list[Called] = []
    for call in calls:
        if found and found[-1].layer == f"{call.layer}.activation":
            found.insert(-1, Called(call.layer, call.kind, call.x, found[-1].x))
        else:
            found.append(call)
    return found


def _labels(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))


def _copied(value: Any) -> Array:
    return np.array(value.asnumpy())


def _as_is(function: Any) -> Any:
    return function
