"""The whole update of the reference: what becomes of the gradients of every batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray, Parameters
from adapters.reference.clipping import clip
from adapters.reference.optimizers import Optimizer
from harness.spec.accumulation import NoAccumulation, SumOfBatches
from harness.spec.recipe import Update

ACCUMULATED = "accumulated"


class WholeUpdate:
    """The accumulation, the clipping and the optimizer with its weight decay, with their state.

    `rates[t]`: the learning rate of the 0-based update t. An update may take the gradients of several batches.
    """

    def __init__(self, update: Update, rates: FloatArray, precision: Any, coefficient_arithmetic: Any) -> None:
        self.clipping, self.accumulation = update.clipping, update.accumulation
        self.optimizer = Optimizer(update, rates, precision, coefficient_arithmetic)

    def start(self, weights: Parameters, slots: Parameters | None = None, batches: int = 0) -> None:
        """Resets the slots and the number of batches, for these initial weights.

        With `slots`, named as by `Trainer.slots`, the training goes on after this number of batches.
        """
        self.batches = batches
        self.optimizer.start(weights, slots, self.accumulation.updates(batches))
        self.sums: dict[str, Array] = {}
        if self.accumulation.slot_names:
            kept = {name: np.zeros_like(w) if slots is None else slots[_key(name)] for name, w in weights.items()}
            self.sums = {name: value.astype(weights[name].dtype) for name, value in kept.items()}

    def of_batch(self, weights: Parameters, gradients: Parameters) -> tuple[Parameters, Parameters]:
        """The weights after a batch with these gradients, and what was clipped: of the group's batches so far."""
        self.batches += 1
        is_last = self.batches % self.accumulation.group == 0
        clipped = clip(self.clipping, self._accumulated(gradients, is_last))
        return (self.optimizer.update(weights, clipped) if is_last else weights), clipped

    def slots(self) -> dict[str, Array]:
        """Copies of the slots, with the names of `Trainer.slots`."""
        return {**self.optimizer.slots(), **{_key(name): value.copy() for name, value in self.sums.items()}}

    def _accumulated(self, gradients: Parameters, is_last: bool) -> Parameters:
        if isinstance(self.accumulation, NoAccumulation):
            return gradients
        sums = {name: self.sums[name] + gradient for name, gradient in gradients.items()}
        self.sums = {name: np.zeros_like(value) if is_last else value for name, value in sums.items()}
        if isinstance(self.accumulation, SumOfBatches):
            return sums
        return {name: value / value.dtype.type(self.accumulation.group) for name, value in sums.items()}


def replay(update: WholeUpdate, parameters: Parameters, gradients: Sequence[Parameters]) -> Iterator[dict[str, Array]]:
    """The weights after each batch of gradients."""
    weights = dict(parameters)
    update.start(weights)
    for gradient in gradients:
        weights = dict(update.of_batch(weights, gradient)[0])
        yield weights


def _key(name: str) -> str:
    return f"{ACCUMULATED}/{name}"
