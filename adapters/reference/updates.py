"""The whole update of the reference: what becomes of the gradients of every batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adapters.protocol import Array, FloatArray, Parameters
from adapters.reference.clipping import clip
from adapters.reference.optimizers import Optimizer
from harness.spec.accumulation import NoAccumulation, SumOfBatches
from harness.spec.averaging import AVERAGE, Exponential
from harness.spec.lookahead import SlowWeights
from harness.spec.recipe import Update

SLOW, ACCUMULATED = "slow", "accumulated"


class WholeUpdate:
    """The accumulation, the clipping, the optimizer with its weight decay, and what follows it, with their state.

    `rates[t]`: the learning rate of the 0-based update t. An update may take the gradients of several batches.
    """

    def __init__(self, update: Update, rates: FloatArray, precision: Any, coefficient_arithmetic: Any) -> None:
        self.clipping, self.accumulation = update.clipping, update.accumulation
        self.lookahead, self.averaging = update.lookahead, update.averaging
        self.optimizer = Optimizer(update, rates, precision, coefficient_arithmetic)
        self.precision = precision
        self.rest = precision(1 - coefficient_arithmetic(getattr(update.averaging, "decay", 0.0)))

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
        self.slow = self._copies(self.lookahead.slot_names, weights, slots)
        self.averages = self._copies(self.averaging.slot_names, weights, slots)

    def of_batch(self, weights: Parameters, gradients: Parameters) -> tuple[Parameters, Parameters]:
        """The weights after a batch with these gradients, and what was clipped: of the group's batches so far."""
        self.batches += 1
        is_last = self.batches % self.accumulation.group == 0
        clipped = clip(self.clipping, self._accumulated(gradients, is_last))
        return (self._updated(weights, clipped) if is_last else weights), clipped

    def slots(self) -> dict[str, Array]:
        """Copies of the slots, with the names of `Trainer.slots`."""
        of_weights = {SLOW: self.slow, AVERAGE: self.averages, ACCUMULATED: self.sums}
        named = {f"{slot}/{name}": value.copy() for slot, kept in of_weights.items() for name, value in kept.items()}
        return {**self.optimizer.slots(), **named}

    def _copies(self, slot_names: Sequence[str], weights: Parameters, slots: Parameters | None) -> dict[str, Array]:
        """The values of a slot that starts at the weights; none where there is no such slot."""
        return {
            name: np.array(w if slots is None else slots[f"{slot}/{name}"], w.dtype)
            for slot in slot_names
            for name, w in weights.items()
        }

    def _updated(self, weights: Parameters, clipped: Parameters) -> Parameters:
        """The weights after the optimizer, the look-ahead and the averaging."""
        updated, number = self.optimizer.update(weights, clipped), self.optimizer.updates
        if isinstance(self.lookahead, SlowWeights) and number % self.lookahead.steps == 0:
            factor = self.precision(self.lookahead.factor)
            self.slow = {name: slow + factor * (updated[name] - slow) for name, slow in self.slow.items()}
            updated = dict(self.slow)
        if isinstance(self.averaging, Exponential):
            anew = number == 1 and self.averaging.start == "first_update"
            rest = self.precision(1) if anew else self.rest
            self.averages = {
                name: average + rest * (updated[name] - average) for name, average in self.averages.items()
            }
            every = self.averaging.overwrite_every
            updated = dict(self.averages) if every and number % every == 0 else updated
        return updated

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
