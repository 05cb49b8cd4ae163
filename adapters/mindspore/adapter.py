"""MindSpore behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mindspore import nn

from adapters.base import FrameworkAdapter
from adapters.mindspore import device
from adapters.mindspore.activations import activation
from adapters.mindspore.initializers import initializer
from adapters.mindspore.layers import build_network, to_canonical
from adapters.mindspore.layers.base import InHalf
from adapters.mindspore.losses import loss
from adapters.mindspore.metrics import metric
from adapters.mindspore.pullback import AddedPenalty, LayerInMode, LossOfOutputs, pull_back
from adapters.mindspore.regularizers import penalty
from adapters.mindspore.replays import replays
from adapters.mindspore.runtime import array, compiled, floats, integers, variable
from adapters.mindspore.schedules import schedule_forms
from adapters.mindspore.trainer import MindSporeTrainer
from adapters.mindspore.updates import whole_update
from adapters.protocol import Array, IntArray, Parameters, ScheduleForm
from harness.records.step_columns import Watched
from harness.spec import parameters as spec
from harness.spec.activations import Activation
from harness.spec.arm import Arm
from harness.spec.initializers import Initializer
from harness.spec.losses import Loss
from harness.spec.metrics import Metric
from harness.spec.model import PlacedLayer
from harness.spec.parameters import Shape
from harness.spec.recipe import Recipe, Update
from harness.spec.regularizers import Regularizer
from harness.spec.schedules import Schedule


class MindSporeAdapter(FrameworkAdapter):
    """The adapter protocol in this framework, for one arm."""

    def __init__(self, arm: Arm) -> None:
        super().__init__(arm, device)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.setting)

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        self.require_supported(spec)
        function = activation(spec, self.setting)
        if self.setting.half:
            function = InHalf(function, self.setting.half)
        return self._value_and_gradients(function, x, upstream, extra)

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        self.require_supported(spec)
        labels = np.issubdtype(y.dtype, np.integer)
        function = loss(spec, outputs.shape[-1], "labels" if labels else "values", self.setting)
        targets = integers(y) if labels else floats(y, self.setting)
        return self._value_and_gradients(LossOfOutputs(function, targets), outputs, np.ones(()), {})

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        self.require_supported(spec)
        function = compiled(metric(spec, self.setting).construct, self.setting)
        return {"value": array(function(floats(outputs, self.setting), integers(y)))}

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        self.require_supported(spec)
        function = AddedPenalty(penalty(spec, self.setting))
        answer = self._value_and_gradients(function, np.zeros(()), np.ones(()), kernels)
        return {name: value for name, value in answer.items() if name != "gradient"}

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        self.require_supported(placed.layer, *(inner.layer for inner in placed.inner))
        built_layer = build_network((placed,), weights, self.setting)
        trainable = [parameter for parameter in placed.parameters if parameter.trainable]
        layer_noise = {spec.name: noise[spec.name] for spec in placed.noise} if training else {}
        variables = tuple(built_layer.parameters[parameter.name] for parameter in trainable)
        function = LayerInMode(built_layer.call, training)
        value, (x_gradient, *other_gradients) = pull_back(function, x, upstream, layer_noise, self.setting, variables)
        answer = {"value": value, "gradient": x_gradient}
        parameter_gradients = zip(trainable, other_gradients[len(layer_noise) :], strict=True)
        answer |= {
            f"gradient/{local_name(parameter, placed)}": canonical_value(parameter, gradient)
            for parameter, gradient in parameter_gradients
        }
        state = [parameter for parameter in placed.parameters if training and not parameter.trainable]
        return answer | {
            f"state/{local_name(parameter, placed)}": canonical_value(
                parameter, array(built_layer.parameters[parameter.name])
            )
            for parameter in state
        }

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        self.require_supported(spec)
        return array(initializer(spec, shape, seed, self.setting))

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        self.require_supported_update(update)
        variables, _, apply_gradients = self._replay_setup(update, parameters, len(gradients))
        for step_gradients in gradients:
            apply_gradients(*(floats(step_gradients[name], self.setting) for name in variables))
            yield {name: array(parameter) for name, parameter in variables.items()}

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        for update in updates:
            self.require_supported_update(update)
        return replays(updates, parameters, gradients, milestones, self.setting)

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        self.require_supported_update(update)
        variables, live_optimizer, apply_gradients = self._replay_setup(update, parameters, len(gradients))
        for step_gradients in gradients:
            apply_gradients(*(floats(step_gradients[name], self.setting) for name in variables))
        return live_optimizer.slots()

    def trainer(
        self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()
    ) -> MindSporeTrainer:
        self.require_supported_recipe(recipe)
        return MindSporeTrainer(recipe, weights, horizon, self.setting, watch)

    def _replay_setup(self, update: Update, parameters: Parameters, horizon: int) -> tuple[dict[str, Any], Any, Any]:
        """The parameters as variables, their optimizer, and its update as a function of the gradients."""
        variables = {name: variable(name, value, self.setting) for name, value in parameters.items()}
        live_optimizer = whole_update(update, variables, horizon, self.setting)
        # Every gradient is a separate argument: a tuple of tensors would be a constant, compiled anew at every call.
        update_by_gradients = UpdateByGradients(live_optimizer.apply_gradients)
        return variables, live_optimizer, compiled(update_by_gradients.construct, self.setting)

    def _value_and_gradients(self, function: Any, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """The value of `function(x, *extra)`, and its gradients by x and by each extra, multiplied by `upstream`."""
        value, (x_gradient, *extra_gradients) = pull_back(function, x, upstream, extra, self.setting)
        named_gradients = {
            f"gradient/{name}": extra_gradient for name, extra_gradient in zip(extra, extra_gradients, strict=True)
        }
        return {"value": value, "gradient": x_gradient, **named_gradients}


class UpdateByGradients(nn.Cell):
    """An update as a function of which every gradient is an argument."""

    def __init__(self, apply_gradients: Any) -> None:
        super().__init__()
        self.apply_gradients = apply_gradients

    def construct(self, *gradients: Any) -> Any:
        return self.apply_gradients(gradients)


def local_name(parameter: spec.Parameter, placed: PlacedLayer) -> str:
    """The name of the parameter within its layer."""
    return parameter.name.removeprefix(f"{placed.name}/")


def canonical_value(parameter: spec.Parameter, value: Array) -> Array:
    """The parameter's value in canonical layout."""
    return to_canonical(parameter.name, value, parameter.shape)
