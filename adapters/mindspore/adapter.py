"""MindSpore behind the adapter protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn

from adapters.base import FrameworkAdapter
from adapters.mindspore import device
from adapters.mindspore.activations import activation
from adapters.mindspore.clipping import clipping
from adapters.mindspore.initializers import initializer
from adapters.mindspore.layers import row, to_canonical
from adapters.mindspore.losses import loss
from adapters.mindspore.metrics import metric
from adapters.mindspore.optimizers import optimizer
from adapters.mindspore.pullback import Against, InPlace, PlusPenalty, pulled_back
from adapters.mindspore.regularizers import penalty
from adapters.mindspore.replays import replays
from adapters.mindspore.schedules import schedule_forms
from adapters.mindspore.trainer import MindSporeTrainer
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
    def __init__(self, arm: Arm) -> None:
        super().__init__(arm, device)
        self.dtype = getattr(ms, arm.precision)
        self._run: Any = ms.jit if arm.mode == "jit" else _as_is

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        return schedule_forms(spec, self.setting)

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        self.supported(spec)
        return self._differentiated(activation(spec, self.setting), x, upstream, extra)

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        self.supported(spec)
        labels = np.issubdtype(y.dtype, np.integer)
        function = loss(spec, outputs.shape[-1], "labels" if labels else "values", self.setting)
        targets = Tensor(y, ms.int32 if labels else self.dtype)
        return self._differentiated(Against(function, targets), outputs, np.ones(()), {})

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        self.supported(spec)
        value = self._run(metric(spec, self.setting).construct)(Tensor(outputs, self.dtype), Tensor(y, ms.int32))
        return {"value": np.array(value.asnumpy())}

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        self.supported(spec)
        found = self._differentiated(PlusPenalty(penalty(spec, self.setting)), np.zeros(()), np.ones(()), kernels)
        return {name: value for name, value in found.items() if name != "gradient"}

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        self.supported(placed.layer, *(inner.layer for inner in placed.inner))
        made = row((placed,), weights, self.setting)
        learning = [p for p in placed.parameters if p.trainable]
        drawn = {n.name: noise[n.name] for n in placed.noise} if training else {}
        own = tuple(made.parameters[p.name] for p in learning)
        value, (gradient, *others) = pulled_back(
            InPlace(made.cell, training), x, upstream, drawn, self.dtype, self._run, own
        )
        found = {"value": value, "gradient": gradient}
        named = zip(learning, others[len(drawn) :], strict=True)
        found |= {f"gradient/{within(p, placed)}": canonical(p, learned) for p, learned in named}
        kept = [p for p in placed.parameters if training and not p.trainable]
        return found | {f"state/{within(p, placed)}": canonical(p, made.parameters[p.name].asnumpy()) for p in kept}

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        self.supported(spec)
        return np.array(initializer(spec, shape, seed, self.setting).asnumpy())

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        self.supported_update(update)
        live, _, apply = self._applied(update, parameters, len(gradients))
        for each in gradients:
            apply(*(Tensor(each[name], self.dtype) for name in live))
            yield {name: np.array(parameter.asnumpy()) for name, parameter in live.items()}

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
            apply(*(Tensor(each[name], self.dtype) for name in live))
        return made.slots()

    def trainer(
        self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()
    ) -> MindSporeTrainer:
        self.supported_recipe(recipe)
        return MindSporeTrainer(recipe, weights, horizon, self.setting, watch)

    def _applied(self, update: Update, parameters: Parameters, horizon: int) -> tuple[dict[str, Any], Any, Any]:
        """Parameters, their optimizer, and its clipped update as a function of the gradients."""
        live = {
            name: Parameter(Tensor(value, self.dtype), name=name.replace("/", "."))
            for name, value in parameters.items()
        }
        made = optimizer(update, live, horizon, self.setting)
        # Each gradient an argument of its own: a tuple of tensors would be a constant, compiled anew at every call.
        return live, made, self._run(ClippedAndApplied(clipping(update.clipping, self.setting), made.move).construct)

    def _differentiated(self, function: Any, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """The value of `function(x, *extra)`, and what `upstream` becomes on the way back to x and to each extra."""
        value, (gradient, *others) = pulled_back(function, x, upstream, extra, self.dtype, self._run)
        named = {f"gradient/{name}": other for name, other in zip(extra, others, strict=True)}
        return {"value": value, "gradient": gradient, **named}


class ClippedAndApplied(nn.Cell):
    """A clipping and an update as one function of the gradients."""

    def __init__(self, clip: Any, move: Any) -> None:
        super().__init__()
        self.clip, self.move = clip, move

    def construct(self, *gradients: Any) -> Any:
        return self.move(self.clip(gradients))


def within(parameter: spec.Parameter, placed: PlacedLayer) -> str:
    """The parameter's name within the layer."""
    return parameter.name.removeprefix(f"{placed.name}/")


def canonical(parameter: spec.Parameter, value: Array) -> Array:
    return to_canonical(parameter.name.rpartition("/")[2], value, parameter.shape)


def _as_is(function: Any) -> Any:
    return function
