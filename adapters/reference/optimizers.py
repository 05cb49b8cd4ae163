"""The canonical update rules on NumPy arrays. `c` holds the coefficients of the step, rounded to the dtype of `w`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adapters.canonical import coefficients
from adapters.protocol import Array, FloatArray, Parameters, made_by
from adapters.reference import disturbed
from adapters.reference.clipping import clip
from harness.spec import optimizers as spec
from harness.spec.clipping import Clipping
from harness.spec.recipe import Update

Slots = list[Array]
Coefficients = Mapping[str, Any]


def sgd(_: spec.Sgd, c: Coefficients, w: Array, g: Array, slots: Slots) -> Array:
    return w - c["rate"] * g


def momentum(s: spec.HeavyBall, c: Coefficients, w: Array, g: Array, slots: Slots) -> Array:
    if s.form == "rate_inside":
        slots[0] = c["momentum"] * slots[0] - c["rate"] * g
        return w + slots[0]
    slots[0] = c["momentum"] * slots[0] + g
    return w - c["rate"] * slots[0]


def nesterov(s: spec.Nesterov, c: Coefficients, w: Array, g: Array, slots: Slots) -> Array:
    if s.form == "rate_inside":
        step = c["rate"] * g
        slots[0] = c["momentum"] * slots[0] - step
        return w + (c["momentum"] * slots[0] - step)
    slots[0] = c["momentum"] * slots[0] + g
    return w - c["rate"] * (g + c["momentum"] * slots[0])


def adam(_: spec.Adam, c: Coefficients, w: Array, g: Array, slots: Slots) -> Array:
    slots[0] = c["beta1"] * slots[0] + c["rest1"] * g
    slots[1] = c["beta2"] * slots[1] + c["rest2"] * (g * g)
    return w - (c["rate"] * slots[0]) / (np.sqrt(slots[1]) + c["epsilon"])


RULES: dict[type[spec.Optimizer], tuple[int, Callable[[Any, Coefficients, Array, Array, Slots], Array]]] = {
    # the number of slots, the rule
    spec.Sgd: (0, sgd),
    spec.HeavyBall: (1, momentum),
    spec.Nesterov: (1, nesterov),
    spec.Adam: (2, adam),
}


class Optimizer:
    """A weight decay and a rule, with the rule's slots and its step count. The gradients come clipped."""

    def __init__(self, update: Update, rates: FloatArray, precision: Any, coefficient_arithmetic: Any) -> None:
        self.word = update.optimizer
        self.slot_count, self.rule = made_by(RULES, self.word, "reference")
        table = coefficients(self.word, rates, coefficient_arithmetic)
        self.table = {name: values.astype(precision) for name, values in table.items()}
        self.slots: dict[str, Slots] = {}
        self.updates = 0

    @disturbed.update
    def update(self, weights: Parameters, gradients: Parameters) -> dict[str, Array]:
        now = {name: values[self.updates] for name, values in self.table.items()}
        self.updates += 1
        updated = {}
        for name, w in weights.items():
            slots = self.slots.setdefault(name, [np.zeros_like(w) for _ in range(self.slot_count)])
            updated[name] = self.rule(self.word, now, w, gradients[name], slots)
        return updated


def replay(
    optimizer: Optimizer, clipping: Clipping, parameters: Parameters, gradients: Sequence[Parameters]
) -> Iterator[dict[str, Array]]:
    weights = dict(parameters)
    for gradient in gradients:
        weights = optimizer.update(weights, clip(clipping, gradient))
        yield weights
