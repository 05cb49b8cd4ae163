"""A model trained with NumPy: forward pass, backward pass and update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.protocol import NO_NOISE, Array, EpochResult, Evaluation, IntArray, Parameters, Structure
from adapters.reference.layers import Applied, apply, pulled_back, within
from adapters.reference.loss_scaling import Scaling
from adapters.reference.losses import per_sample, value_and_gradient
from adapters.reference.metrics import metric
from adapters.reference.regularizers import penalty
from adapters.reference.rounding import Range, rounding
from adapters.reference.updates import WholeUpdate
from adapters.reference.watching import Watching
from adapters.weighting import normaliser
from harness.records.step_columns import Watched
from harness.records.tensor_key import keyed
from harness.spec.arm import HalfPrecision
from harness.spec.loss_scale import DynamicLossScale
from harness.spec.metrics import ZeroOne
from harness.spec.recipe import Recipe

EVALUATION_BATCH = 1000


class ReferenceTrainer:
    """One model with its loss and its update.

    `half`: the precision of 16 bits in which its layers compute, if they do; `loss_scale` is then the loss' factor, and
    `streams` say how they round.
    """

    def __init__(
        self,
        recipe: Recipe,
        optimizer: WholeUpdate,
        weights: Parameters,
        precision: Any,
        watch: tuple[Watched, ...] = (),
        half: HalfPrecision | None = None,
        loss_scale: float | DynamicLossScale | None = None,
        streams: tuple[Range, ...] = (),
    ) -> None:
        self.half, self.loss_scale, self.streams = half, loss_scale, streams
        self.recipe, self.optimizer, self.precision, self.watch = recipe, optimizer, precision, watch
        self.watching = Watching(recipe.model, watch)
        self.placed = recipe.model.placed_layers()
        self.trainable = [p.name for p in recipe.model.parameters() if p.trainable]
        self.kernels = [p.name for p in recipe.model.parameters() if p.is_penalised]
        self.restart(weights)

    def structure(self) -> Structure:
        return Structure(
            tuple((name, value.shape, value.dtype.name) for name, value in self.parameters.items()),
            sum(value.size for value in self.parameters.values()),
        )

    def weights(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self.parameters.items()}

    def set_weights(self, weights: Parameters) -> None:
        self.parameters = {name: value.astype(self.precision) for name, value in weights.items()}

    def slots(self) -> dict[str, Array]:
        return self.optimizer.slots()

    def restart(self, weights: Parameters) -> None:
        self.set_weights(weights)
        self.scaling = Scaling(self.loss_scale, self.precision)
        self.optimizer.start({name: self.parameters[name] for name in self.trainable})

    def forward(self, x: Array) -> Array:
        flow = x.astype(self.precision)
        with rounding(self.half, self.streams):
            for _, layer in self._applied(flow, NO_NOISE, training=False):  # what is for gradients is not kept
                flow = layer.y
        return flow

    def loss_and_gradients(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> tuple[float, dict[str, Array]]:
        kept, state = self.scaling, {n: self.parameters[n] for n in self.parameters if n not in self.trainable}
        loss, gradients = self._at_scale(x, y, noise)
        if self.scaling.dynamic is None or self.scaling.finite(gradients).all():
            return loss, gradients
        self.scaling = kept.copy()
        while self.scaling.scales[0] > 1 and not self.scaling.finite(gradients).all():
            self.scaling.adjust(np.zeros(1, bool))
            self.parameters |= state
            loss, gradients = self._at_scale(x, y, noise)
        self.scaling = kept
        return loss, gradients

    def _at_scale(self, x: Array, y: Array, noise: Parameters) -> tuple[float, dict[str, Array]]:
        """As `loss_and_gradients`, with the current factor of the loss."""
        with rounding(self.half, self.streams):
            applied = list(self._applied(x.astype(self.precision), noise, training=True))
            loss, upstream = value_and_gradient(self.recipe.loss, applied[-1][1].y, self._targets(y))
            gradients, state = pulled_back(applied, self.scaling.scaled(upstream), self.scaling.unscaled)
        self.parameters |= state
        extra, slopes = penalty(self.recipe.regularizer, {name: self.parameters[name] for name in self.kernels})
        gradients |= {name: gradients[name] + slope for name, slope in slopes.items()}
        return float(loss + extra), {name: gradients[name] for name in self.trainable}

    def layers(self, x: Array, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        with rounding(self.half, self.streams):
            applied = self._applied(x.astype(self.precision), noise, training=True)
            return {name: layer.y for name, layer in applied}

    def bind(self, x: Array, y: Array) -> None:
        self.x, self.y = x.astype(self.precision), y

    def device_batch(self, batch: IntArray, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        in_precision = {name: value.astype(self.precision) for name, value in noise.items()}
        return {"x": self.x[batch], "y": self._targets(self.y[batch]), **keyed("noise", in_precision)}

    def compile(self, steps: int, batch_size: int) -> None:
        """NumPy compiles nothing."""

    def train_epoch(self, order: IntArray, noise: Parameters = NO_NOISE) -> EpochResult:
        return self.fetch(self.dispatch(order, noise))

    def dispatch(self, order: IntArray, noise: Parameters = NO_NOISE, steps: int | None = None) -> EpochResult:
        chosen = order[:steps]
        losses = np.empty(len(chosen), self.precision)
        rows: list[list[Any]] = []
        for step, batch in enumerate(chosen):
            step_noise = {name: value[step] for name, value in noise.items()}
            losses[step], gradients = self._gradients_of_update(self.x[batch], self.y[batch], step_noise)
            moving = {name: self.parameters[name] for name in self.trainable}
            if self.scaling.dynamic is not None and not self._adjusted(gradients):
                gradients = {name: np.zeros_like(value) for name, value in gradients.items()}
                clipped: Parameters = gradients
            else:
                updated, clipped = self.optimizer.of_batch(moving, gradients)
                self.parameters |= updated
            rows.append(self._row(gradients, clipped))
        return EpochResult(losses, np.array(rows, self.precision) if self.watch else None)

    def _gradients_of_update(self, x: Array, y: Array, noise: Parameters) -> tuple[float, dict[str, Array]]:
        return self.loss_and_gradients(x, y, noise) if self.scaling.dynamic is None else self._at_scale(x, y, noise)

    def _adjusted(self, gradients: Parameters) -> bool:
        """Whether the gradients are finite, after which the factor of the loss is adjusted."""
        finite = self.scaling.finite(gradients)
        self.scaling.adjust(finite)
        return bool(finite.all())

    def fetch(self, dispatched: EpochResult) -> EpochResult:
        """NumPy has computed everything when `dispatch` returns."""
        return dispatched

    def _row(self, gradients: Parameters, clipped: Parameters) -> list[Any]:
        """The watched values of one step, in the order of the columns."""
        return self.watching.digests(gradients, clipped, self.parameters)

    def evaluate(self, x: Array, y: Array) -> Evaluation:
        total, wrong, scored = 0.0, 0, 0
        for start in range(0, len(x), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            outputs = self.forward(x[part])
            losses = per_sample(self.recipe.loss, outputs, self._targets(y[part]))[0]
            total += float(losses.mean(dtype=np.float64)) * float(normaliser(self.recipe.loss, y[part]))
            if self.recipe.targets == "labels":
                wrong += int(metric(ZeroOne(), outputs, y[part]).sum())
            scored += len(outputs)
        accuracy = (scored - wrong) / scored if self.recipe.targets == "labels" else None
        return Evaluation(total / float(normaliser(self.recipe.loss, y)), accuracy, scored)

    def _targets(self, y: Array) -> Array:
        return y if self.recipe.targets == "labels" else y.astype(self.precision)

    def _applied(self, x: Array, noise: Parameters, training: bool) -> Iterator[tuple[str, Applied]]:
        """Each layer's name with its result."""
        for placed in self.placed:
            weights, layer_noise = within(placed, self.parameters), within(placed, noise)
            forward = apply(
                placed,
                weights,
                x,
                {name: value.astype(self.precision) for name, value in layer_noise.items()},
                training,
            )
            x = forward.y
            yield placed.name, forward
