"""TensorFlow behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adapters.base import FrameworkAdapter
from adapters.protocol import Array, IntArray, Parameters, ScheduleForm
from adapters.tensorflow import device
from adapters.tensorflow.activations import activation
from adapters.tensorflow.clipping import clipping
from adapters.tensorflow.initializers import initializer
from adapters.tensorflow.layers import row, to_canonical
from adapters.tensorflow.losses import loss
from adapters.tensorflow.metrics import metric
from adapters.tensorflow.optimizers import optimizer
from adapters.tensorflow.pullback import Against, InPlace, PlusPenalty, pulled_back
from adapters.tensorflow.regularizers import penalty
from adapters.tensorflow.replays import replays
from adapters.tensorflow.runtime import array, compiled, floats, integers, variable
from adapters.tensorflow.schedules import schedule_forms
from adapters.tensorflow.trainer import TensorFlowTrainer
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


class TensorFlowAdapter(FrameworkAdapter):
    def __init__(self, arm: Arm) -> None:
        super().__init__(arm, device)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.setting)

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        self.require_supported(spec)
        return self._differentiated(activation(spec, self.setting), x, upstream, extra)

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        self.require_supported(spec)
        labels = np.issubdtype(y.dtype, np.integer)
        function = loss(spec, outputs.shape[-1], "labels" if labels else "values", self.setting)
        targets = integers(y) if labels else floats(y, self.setting)
        return self._differentiated(Against(function, targets), outputs, np.ones(()), {})

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        self.require_supported(spec)
        function = compiled(metric(spec, self.setting).__call__, self.setting)
        return {"value": array(function(floats(outputs, self.setting), integers(y)))}

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        self.require_supported(spec)
        function = PlusPenalty(penalty(spec, self.setting))
        answer = self._differentiated(function, np.zeros(()), np.ones(()), kernels)
        return {name: value for name, value in answer.items() if name != "gradient"}

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        self.require_supported(placed.layer, *(inner.layer for inner in placed.inner))
        built = row((placed,), weights, self.setting)
        trainable = [p for p in placed.parameters if p.trainable]
        drawn = {n.name: noise[n.name] for n in placed.noise} if training else {}
        learned = tuple(built.parameters[p.name] for p in trainable)
        function = InPlace(built.call, training)
        value, (gradient, *others) = pulled_back(function, x, upstream, drawn, self.setting, learned)
        answer = {"value": value, "gradient": gradient}
        named = zip(trainable, others[len(drawn) :], strict=True)
        answer |= {f"gradient/{within(p, placed)}": canonical(p, gradient) for p, gradient in named}
        state = [p for p in placed.parameters if training and not p.trainable]
        return answer | {f"state/{within(p, placed)}": canonical(p, array(built.parameters[p.name])) for p in state}

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        self.require_supported(spec)
        return array(initializer(spec, shape, seed, self.setting))

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        self.require_supported_update(update)
        live, _, apply = self._applied(update, parameters, len(gradients))
        for by_name in gradients:
            apply(*(floats(by_name[name], self.setting) for name in live))
            yield {name: array(parameter) for name, parameter in live.items()}

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        for update in updates:
            self.require_supported_update(update)
        return replays(updates, parameters, gradients, milestones, self.setting)

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        self.require_supported_update(update)
        live, stepped, apply = self._applied(update, parameters, len(gradients))
        for by_name in gradients:
            apply(*(floats(by_name[name], self.setting) for name in live))
        return stepped.slots()

    def trainer(
        self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()
    ) -> TensorFlowTrainer:
        self.require_supported_recipe(recipe)
        return TensorFlowTrainer(recipe, weights, horizon, self.setting, watch)

    def _applied(self, update: Update, parameters: Parameters, horizon: int) -> tuple[dict[str, Any], Any, Any]:
        """Live parameters, their optimizer, and its clipped update as a function of the gradients."""
        live = {name: variable(name, value, self.setting) for name, value in parameters.items()}
        stepped = optimizer(update, live, horizon, self.setting)
        apply = ClippedAndApplied(clipping(update.clipping, self.setting), stepped.move)
        return live, stepped, compiled(apply.__call__, self.setting)

    def _differentiated(self, function: Any, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """The value of `function(x, *extra)`, and what `upstream` becomes on the way back to x and to each extra."""
        value, (gradient, *others) = pulled_back(function, x, upstream, extra, self.setting)
        named = {f"gradient/{name}": other for name, other in zip(extra, others, strict=True)}
        return {"value": value, "gradient": gradient, **named}


class ClippedAndApplied:
    """A clipping and an update as one function of the gradients."""

    def __init__(self, clip: Any, move: Any) -> None:
        self.clip, self.move = clip, move

    def __call__(self, *gradients: Any) -> Any:
        return self.move(self.clip(gradients))


def within(parameter: spec.Parameter, placed: PlacedLayer) -> str:
    """The parameter's name within the layer."""
    return parameter.name.removeprefix(f"{placed.name}/")


def canonical(parameter: spec.Parameter, value: Array) -> Array:
    return to_canonical(parameter.name, value, parameter.shape)
