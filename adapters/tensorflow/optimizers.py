"""Optimizers in TensorFlow: Keras' own classes, subclasses of them, and the canonical rules from primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.canonical import RULES, coefficients
from adapters.forms import rate_table
from adapters.protocol import Realisation, made_by
from adapters.tensorflow.schedules import learning_rate
from harness.spec import optimizers as spec
from harness.spec.schedules import Schedule

# Native: what people run. Each is built from (spec, learning_rate).


def sgd(_: spec.Sgd, rate: Any) -> Any:
    return keras.optimizers.SGD(rate, momentum=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, rate: Any) -> Any:
    if s.form == "rate_outside":
        return RateOutside(rate, momentum=s.momentum, nesterov=False)
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=False)


def nesterov(s: spec.Nesterov, rate: Any) -> Any:
    if s.form == "rate_outside":
        return RateOutside(rate, momentum=s.momentum, nesterov=True)
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=True)


def adam(s: spec.Adam, rate: Any) -> Any:
    return keras.optimizers.Adam(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, amsgrad=False)


NATIVE: dict[type[spec.Optimizer], Callable[[Any, Any], Any]] = {
    spec.Sgd: sgd,
    spec.HeavyBall: momentum,
    spec.Nesterov: nesterov,
    spec.Adam: adam,
}


def realisation(word: spec.Optimizer, exact: bool) -> Realisation:
    made_by(RULES if exact else NATIVE, word, "tensorflow")
    if exact:
        return Realisation("custom", "canonical rule from primitives")
    if getattr(word, "form", None) == "rate_outside":
        return Realisation("custom", "keras SGD with its update written anew", "keras SGD keeps the rate inside")
    return Realisation("native", "keras Adam" if isinstance(word, spec.Adam) else "keras SGD")


def optimizer(
    word: spec.Optimizer,
    schedule: Schedule,
    variables: list[Any],
    horizon: int,
    exact: bool,
    precision: str,
    mode: str,
) -> Any:
    """A function that takes the gradients in the order of `variables` and updates them in place."""
    if exact:
        return Canonical(word, schedule, variables, horizon, precision)
    native = made_by(NATIVE, word, "tensorflow")(word, learning_rate(schedule, horizon, mode))
    native.build(variables)
    return lambda gradients: native.apply(gradients, variables)


class RateOutside(keras.optimizers.SGD):
    """Keras' SGD with the rate outside the velocity: `v = mu * v + g`."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = keras.ops.cast(learning_rate, variable.dtype)
        mu = keras.ops.cast(self.momentum, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, velocity * mu + gradient)
        self.assign_sub(variable, rate * (gradient + mu * velocity if self.nesterov else velocity))


class Canonical:
    """A canonical rule with its slots, coefficients and step count, on tensors."""

    def __init__(self, word: Any, schedule: Schedule, variables: list[Any], horizon: int, precision: str) -> None:
        table = coefficients(word, rate_table(schedule, horizon))
        self.word, self.names = word, tuple(table)
        self.table = tf.constant(np.stack(list(table.values()), axis=1), precision)
        rule = made_by(RULES, word, "tensorflow")
        self.slot_count, self.update = rule.slots, rule.update
        self.variables = [getattr(variable, "value", variable) for variable in variables]
        self.slots = [
            [tf.Variable(tf.zeros(w.shape, precision)) for _ in range(self.slot_count)] for w in self.variables
        ]
        self.step = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> None:
        row = tf.gather(self.table, self.step)
        c = {name: row[number] for number, name in enumerate(self.names)}
        for w, g, own in zip(self.variables, gradients, self.slots, strict=True):
            updated, slots = self.update(self.word, c, w, g, own, tf.sqrt)
            w.assign(updated)
            for slot, value in zip(own, slots, strict=True):
                slot.assign(value)
        self.step.assign_add(1)
