"""TensorFlow behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.base import FrameworkAdapter
from adapters.protocol import Array, IntArray, Parameters, ScheduleForm
from adapters.tensorflow import device
from adapters.tensorflow.activations import activation
from adapters.tensorflow.clipping import clipping
from adapters.tensorflow.initializers import initializer
from adapters.tensorflow.layers import row
from adapters.tensorflow.losses import loss
from adapters.tensorflow.metrics import metric
from adapters.tensorflow.optimizers import optimizer
from adapters.tensorflow.regularizers import penalty
from adapters.tensorflow.replays import replays
from adapters.tensorflow.schedules import schedule_forms
from adapters.tensorflow.trainer import TensorFlowTrainer
from harness.records.step_columns import Watched
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
        self.precision, mode = arm.precision, arm.mode
        self._run: Any = _as_is if mode == "eager" else tf.function(jit_compile=mode == "xla", autograph=False)

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.setting)

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        self.supported(spec)
        function = activation(spec, self.setting)
        return self._differentiated(lambda x, own: function(x, *own), x, upstream, extra)

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        self.supported(spec)
        labels = np.issubdtype(y.dtype, np.integer)
        function = loss(spec, outputs.shape[-1], "labels" if labels else "values", self.setting)
        targets = tf.constant(y, tf.int32 if labels else self.precision)
        return self._differentiated(lambda z, own: function(z, targets), outputs, np.ones(()), {})

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        self.supported(spec)
        value = self._run(metric(spec, self.setting))(tf.constant(outputs, self.precision), tf.constant(y, tf.int32))
        return {"value": np.array(value)}

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        self.supported(spec)
        function = penalty(spec, self.setting)
        found = self._differentiated(lambda x, own: x + function(own), np.zeros(()), np.ones(()), kernels)
        return {name: value for name, value in found.items() if name != "gradient"}

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        self.supported(placed.layer, *(inner.layer for inner in placed.inner))
        made = row((placed,), weights, self.setting)
        names = {p.name: p.name.removeprefix(f"{placed.name}/") for p in placed.parameters}
        variables = {names[p.name]: made.variables[p.name].value for p in placed.parameters if p.trainable}
        drawn = [tf.constant(noise[n.name], self.precision) for n in placed.noise] if training else []

        def differentiate(x: Any, upstream: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = made.call(x, training, drawn)
            return value, tape.gradient(value, [x, *variables.values()], upstream)

        value, (gradient, *learned) = self._run(differentiate)(
            tf.constant(x, self.precision), tf.constant(upstream, self.precision)
        )
        found = {"value": np.array(value), "gradient": np.array(gradient)}
        found |= {f"gradient/{name}": np.array(g) for name, g in zip(variables, learned, strict=True)}
        kept = [p.name for p in placed.parameters if training and not p.trainable]
        return found | {f"state/{names[name]}": np.array(made.variables[name].value) for name in kept}

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        self.supported(spec)
        return np.array(initializer(spec, shape, seed, self.setting))

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        self.supported_update(update)
        live, _, apply = self._applied(update, parameters, len(gradients))
        for each in gradients:
            apply([tf.constant(each[name], self.precision) for name in live])
            yield {name: np.array(variable.value) for name, variable in live.items()}

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        for update in updates:
            self.supported_update(update)
        return replays(updates, parameters, gradients, milestones, self.setting)

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        self.supported_update(update)
        live, made, apply = self._applied(update, parameters, len(gradients))
        for each in gradients:
            apply([tf.constant(each[name], self.precision) for name in live])
        return made.slots()

    def trainer(
        self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()
    ) -> TensorFlowTrainer:
        self.supported_recipe(recipe)
        return TensorFlowTrainer(recipe, weights, horizon, self.setting, watch)

    def _applied(self, update: Update, parameters: Parameters, horizon: int) -> tuple[dict[str, Any], Any, Any]:
        """Variables from the parameters, their optimizer, and its clipped update as a function of the gradients."""
        live = {
            name: keras.Variable(value.astype(self.precision), dtype=self.precision)
            for name, value in parameters.items()
        }
        clip, made = clipping(update.clipping, self.setting), optimizer(update, live, horizon, self.setting)
        return live, made, self._run(lambda given: made.move(clip(given)))

    def _differentiated(self, function: Any, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """The value of `function(x, extra)`, and what `upstream` becomes on the way back to x and to each extra."""
        own = [tf.constant(value, self.precision) for value in extra.values()]

        def differentiate(x: Any, own: Any, upstream: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([x, *own])
                value = function(x, own)
            zero = tf.UnconnectedGradients.ZERO
            return value, tape.gradient(value, [x, *own], upstream, unconnected_gradients=zero)

        value, (gradient, *learned) = self._run(differentiate)(
            tf.constant(x, self.precision), own, tf.constant(upstream, self.precision)
        )
        named = {f"gradient/{name}": np.array(g) for name, g in zip(extra, learned, strict=True)}
        return {"value": np.array(value), "gradient": np.array(gradient), **named}


def _as_is(function: Any) -> Any:
    return function
