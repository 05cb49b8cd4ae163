"""A model trained with NumPy: the whole of forward, backward and update in the open."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Evaluation, FloatArray, IntArray, Parameters, Structure
from adapters.reference.layers import apply
from adapters.reference.losses import per_sample
from adapters.reference.optimizers import Optimizer
from harness.spec.layers import Model
from harness.spec.losses import Loss

EVALUATION_BATCH = 1000


class ReferenceTrainer:
    def __init__(self, model: Model, loss: Loss, optimizer: Optimizer, weights: Parameters, precision: Any) -> None:
        self.model, self.loss, self.optimizer, self.precision = model, loss, optimizer, precision
        self.placed = model.placed_layers()
        self.parameters = {name: value.astype(precision) for name, value in weights.items()}

    def structure(self) -> Structure:
        sizes = {name: value.shape for name, value in self.parameters.items()}
        return Structure(
            tuple((name, shape, self.parameters[name].dtype.name) for name, shape in sizes.items()),
            sum(value.size for value in self.parameters.values()),
            sum(value.size for name, value in self.parameters.items() if name.endswith("/kernel")),
        )

    def weights(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self.parameters.items()}

    def set_weights(self, weights: Parameters) -> None:
        self.parameters = {name: value.astype(self.precision) for name, value in weights.items()}

    def forward(self, x: Array) -> Array:
        return self._forward(x.astype(self.precision))[0]

    def loss_and_gradients(self, x: Array, y: IntArray) -> tuple[float, dict[str, Array]]:
        outputs, pullbacks = self._forward(x.astype(self.precision))
        losses, slope = per_sample(self.loss, outputs, y)
        upstream = slope / self.precision(len(y))
        gradients: dict[str, Array] = {}
        for name, pullback in reversed(pullbacks):
            upstream, own = pullback(upstream)
            gradients |= {f"{name}/{key}": value for key, value in own.items()}
        return float(losses.mean()), {name: gradients[name] for name in self.parameters}

    def bind(self, x: Array, y: IntArray) -> None:
        self.x, self.y = x.astype(self.precision), y

    def compile(self, steps: int, batch_size: int) -> None:
        """NumPy compiles nothing."""

    def train_epoch(self, order: IntArray) -> FloatArray:
        losses = np.empty(len(order), self.precision)
        for step, batch in enumerate(order):
            losses[step], gradients = self.loss_and_gradients(self.x[batch], self.y[batch])
            self.parameters = self.optimizer.update(self.parameters, gradients)
        return losses

    def evaluate(self, x: Array, y: IntArray) -> Evaluation:
        total, correct = 0.0, 0
        for start in range(0, len(x), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            outputs = self.forward(x[part])
            total += float(per_sample(self.loss, outputs, y[part])[0].sum(dtype=np.float64))
            correct += int((outputs.argmax(axis=-1) == y[part]).sum())
        return Evaluation(total / len(x), correct / len(x), len(x))

    def _forward(self, x: Array) -> tuple[Array, list[tuple[str, Any]]]:
        pullbacks = []
        for placed in self.placed:
            own = {p.name.rpartition("/")[2]: self.parameters[p.name] for p in placed.parameters}
            x, pullback = apply(placed.layer, own, x)
            pullbacks.append((placed.name, pullback))
        return x, pullbacks
