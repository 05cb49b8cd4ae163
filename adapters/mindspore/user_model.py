"""A user's own nn.Cell as a `user_model.OwnModel`: its parameters, layers, loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.clipping import clipping
from adapters.mindspore.losses import loss
from adapters.mindspore.optimizers import optimizer
from adapters.mindspore.runtime import array, compiled, compiles, floats, integers
from adapters.mindspore.specifics.float64.switching import finish_kernels, following, replace_kernels
from adapters.mindspore.specifics.missing_kernels import told_of_missing_kernel
from adapters.mindspore.specifics.rewritten import class_of, not_rewritten
from adapters.mindspore.specifics.user_layers_float64 import in_float64
from adapters.mindspore.user_data import arguments, described, not_registered, outputs, without_training
from adapters.mindspore.user_dropout import without_dropout
from adapters.mindspore.user_layers import (
    arrays_of,
    layers_of,
    made_by,
    operations_of,
    record_calls,
    reduced_precision_of,
    settings_of,
)
from adapters.mindspore.user_operations import OPERATIONS
from adapters.mindspore.user_parameters import parameters_of, to_canonical, to_native
from adapters.mindspore.user_settings import change_setting
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.source_trace import Watcher, watching, with_sources
from adapters.user_data import MisfitError, Parts, Path, at, mapped, parts_of, require_float32
from adapters.user_model import (
    MODEL,
    LayerCall,
    OwnParameter,
    Recorder,
    build_model,
    calls_in_canonical_layout,
    require_accepts,
)
from adapters.user_targets import TargetForm, heads_with_forms, require_range
from harness.spec.arm import Layout
from harness.spec.losses import Loss
from harness.spec.own import OwnLoss
from harness.spec.recipe import Update


def user_model(
    file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Parts
) -> MindSporeOwnModel:
    """The model that `function` of a user's file builds. Its images are in `layout`; `sample` is a batch of inputs."""
    return MindSporeOwnModel(file, function, layout, word, seed, setting, sample)


def watcher() -> Watcher:
    """A watcher of a user's code in this framework."""
    return Watcher(arrays_of, made_by)


class MindSporeOwnModel:
    """A user's own model in this framework; the methods are those of `adapters.user_model.OwnModel`."""

    def __init__(
        self, file: str, function: str, layout: Layout, word: Loss, seed: int, setting: Setting, sample: Parts
    ) -> None:
        self.layout, self.word, self.setting, self._has_dropout = layout, word, setting, True
        self._exactly: frozenset[str] = frozenset()
        self.penalties: list[str] = []  # a Cell adds nothing to the loss, and holds no parameter
        self.constraints: list[str] = []
        ms.set_seed(seed)
        with not_rewritten() if setting.precision == "float64" else nullcontext():
            built = build_model(file, function, (nn.Cell,), "an nn.Cell")
        ms.set_context(mode=ms.PYNATIVE_MODE)  # a user's file may have chosen another; `setting` says what is compiled
        self.network, self.ignored = without_training(built)
        replace_kernels()
        self.composed = in_float64(self.network) if setting.precision == "float64" else []
        self.layers = dict(layers_of(self.network))
        self._by_name = {
            description.name: (description, parameter)
            for description, parameter in parameters_of(self.network, self.layers)
        }
        location = f"{FilePath(file).name}:{function}"
        types = {name: str(parameter.dtype).lower() for name, (_, parameter) in self._by_name.items()}
        require_float32(types, location)
        OPERATIONS.watch()
        with following(self.network) as followed, OPERATIONS.used() as used:
            require_accepts(lambda: self._try(sample, location, followed.inside), location, sample, followed.inside)
        self.not_registered = not_registered(self.network)
        self.words = [*sorted(used), f"loss/{word.word()}"]
        self.composed = list(dict.fromkeys([*self.composed, *followed.replaced]))
        if self.composed and compiles(setting):  # kernels are replaced in Python, which a compiled graph does not call
            self.setting = replace(setting, mode="pynative")
            layers = ", ".join(self.composed)
            self.ignored.append(f"runs one operation at a time, since a graph has no kernels for it in {layers}")
        self._compile()

    def _try(self, sample: Parts, location: str, inside: Sequence[str]) -> None:
        """Looks at the outputs for a sample. Raises MisfitError where the device has no kernel for a layer."""
        try:
            self._look(sample)
        except RuntimeError as error:
            name = inside[-1] if inside else ""
            layer = dict(self.network.cells_and_names()).get(name) if name else None
            told = told_of_missing_kernel(error, location, name, layer, self.setting.device)
            if told:
                raise MisfitError(told) from error
            raise

    def _look(self, sample: Parts) -> None:
        """Looks at the outputs for a sample, in evaluation and in training, and restores the state of the layers."""
        before = self.weights()
        found = []
        for training in (False, True):
            self.network.set_train(training)
            found.append(outputs(self.network(*self._inputs(sample))))
            finish_kernels()
        self.set_weights(before)
        evaluated, trained = found
        self._paths, self.outputs = [path for path, _ in evaluated], [described(*leaf) for leaf in evaluated]
        self._in_training = [(path, described(path, tensor)) for path, tensor in trained]

    def _compile(self) -> None:
        self._forward = compiled(Forward(self.network).construct, self._used_setting)
        self._gradient_functions: dict[Any, Any] = {}

    @property
    def _used_setting(self) -> Setting:
        """The setting, one operation at a time while words are computed exactly."""
        return replace(self.setting, mode="pynative") if self._exactly else self.setting

    @property
    def _loss_setting(self) -> Setting:
        """The setting of the loss, of its canonical rule while that word is computed exactly."""
        exact = self._used_setting.exact or f"loss/{self.word.word()}" in self._exactly
        return replace(self._used_setting, exact=exact)

    def parameters(self) -> list[OwnParameter]:
        return [description for description, _ in self._by_name.values()]

    def reduced(self) -> dict[str, str]:
        found = {name: reduced_precision_of(layer) for name, layer in self.layers.items()}
        return {name: precision for name, precision in found.items() if precision}

    def settings(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": class_of(layer).__name__, **settings_of(layer)} for name, layer in self.layers.items()}

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
        if not self._has_dropout:
            return
        without_dropout(self.network)
        self._has_dropout = False
        self._compile()  # a compiled function would go on as it was traced

    def compute_exactly(self, words: Sequence[str]) -> None:
        OPERATIONS.compute_exactly(words)
        self._exactly = frozenset(words)
        self._compile()

    def forward(self, x: Parts) -> list[Array]:
        self.network.set_train(False)
        value = self._forward(self._inputs(x))
        return [array(at(value, path)) for path in self._paths]

    def traced(self, x: Parts, training: bool) -> list[LayerCall]:
        recorder = Recorder()
        with record_calls(recorder, self.layers):
            self.network.set_train(training)
            inputs = self._inputs(x)
            outputs = self.network(*inputs)
        recorder.record(LayerCall("", MODEL, arrays_of([inputs]), arrays_of([outputs])))
        return calls_in_canonical_layout(recorder.calls, self.layout)

    def watched(self, x: Parts, training: bool, watcher: Watcher) -> list[LayerCall]:
        recorder = watcher.recorder = Recorder()
        made = {**self.layers, **operations_of(self.network)}
        with record_calls(recorder, made), watching(watcher):
            self.network.set_train(training)
            inputs = self._inputs(x)
            outputs = self.network(*inputs)
        recorder.record(LayerCall("", MODEL, arrays_of([inputs]), arrays_of([outputs])))
        return with_sources(calls_in_canonical_layout(recorder.calls, self.layout), made, watcher)

    def require_targets(self, y: Parts) -> None:
        first = mapped(lambda values: values[0], y)
        for *_, target, form in heads_with_forms(self.word, self._in_training, first, self.layout):
            require_range(form, target, parts_of(y)[target])

    def loss_and_gradients(self, x: Parts, y: Parts) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(x, y)
        named_gradients = zip(self._trainable(), gradients, strict=True)
        return float(array(value)), {
            name: to_canonical(self._by_name[name][0], array(gradient)) for name, gradient in named_gradients
        }

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        self._update_parameters = {key: self._by_name[name][1] for key, name in names.items()}
        self._clip = clipping(update.clipping, self.setting)
        self._apply_gradients = optimizer(update, self._update_parameters, horizon, self.setting).apply_gradients

    def step(self, x: Parts, y: Parts) -> float:
        value, gradients = self._value_and_gradients(x, y)
        gradient_of = dict(zip(map(id, self._trainable().values()), gradients, strict=True))
        ordered_gradients = tuple(gradient_of[id(parameter)] for parameter in self._update_parameters.values())
        self._apply_gradients(self._clip(ordered_gradients))
        return float(array(value))

    def _value_and_gradients(self, x: Parts, y: Parts) -> Any:
        """The loss and the gradients, by a function that is compiled at the first batch of each shape."""
        shapes = tuple((name, part.shape) for name, part in parts_of(y).items())
        if shapes not in self._gradient_functions:
            self._gradient_functions[shapes] = self._gradient_function(y)
        function, forms = self._gradient_functions[shapes]
        targets = tuple(self._target(form, parts_of(y)[name]) for name, form in forms)
        self.network.set_train(True)
        return function(self._inputs(x), targets)

    def _gradient_function(self, y: Parts) -> tuple[Any, list[tuple[str, TargetForm]]]:
        """The compiled function, and the name and the form of each target that it takes."""
        found = heads_with_forms(self.word, self._in_training, y, self.layout)
        criteria = [
            Head(
                path,
                len(output.shape) * form.moved,
                loss(self.word, form.width, form.targets, self._loss_setting),
                None if isinstance(self.word, OwnLoss) else getattr(ms, self.setting.precision),
            )
            for path, output, _, form in found
        ]
        step = Step(self.network, criteria, list(self._trainable().values()))
        return compiled(step.value_and_gradients, self._used_setting), [(target, form) for *_, target, form in found]

    def _target(self, form: TargetForm, y: Array) -> Any:
        rows = form.rows(y)
        return integers(rows) if form.targets == "labels" else floats(rows, self.setting)

    def _trainable(self) -> dict[str, Any]:
        return {name: parameter for name, (description, parameter) in self._by_name.items() if description.trainable}

    def _inputs(self, x: Parts) -> tuple[Any, ...]:
        return arguments(self.network, x, self.layout, self.setting)


class Forward(nn.Cell):
    """The network in evaluation."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def construct(self, inputs: Any) -> Any:
        return self.network(*inputs)


class Head(nn.Cell):
    """The loss of one output. `moved_rank`: of an output with channels on axis 1, its rank; else 0.

    `dtype`: the type to which the output is cast before, as `amp.build_train_network` casts one of 16 bits; None casts
    nothing.
    """

    def __init__(self, path: Path, moved_rank: int, loss: Any, dtype: Any) -> None:
        super().__init__()
        self.path, self.is_moved, self.loss, self.dtype = path, moved_rank > 0, loss, dtype
        self.axes = (0, *range(2, moved_rank), 1)

    def construct(self, outputs: Any, targets: Any) -> Any:
        value = at(outputs, self.path)
        value = value if self.dtype is None else ops.cast(value, self.dtype)
        return self.loss(ops.transpose(value, self.axes) if self.is_moved else value, targets)


class Step:
    """The loss of a batch and its gradients, as functions of tensors."""

    def __init__(self, network: Any, heads: list[Any], parameters: list[Any]) -> None:
        self.network, self.heads = network, nn.CellList(heads)
        self.gradient_function = ms.value_and_grad(self._value, None, ms.ParameterTuple(parameters))

    def value_and_gradients(self, inputs: Any, targets: Any) -> Any:
        """The loss in training and its gradients by the parameters."""
        return self.gradient_function(inputs, targets)

    def _value(self, inputs: Any, targets: Any) -> Any:
        outputs = self.network(*inputs)
        value = self.heads[0](outputs, targets[0])
        for number in range(1, len(self.heads)):
            value = value + self.heads[number](outputs, targets[number])
        return value
