"""Optimizers in TensorFlow: Keras' own classes, subclasses of them, and the canonical rules from primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.canonical import RULES, coefficients
from adapters.forms import rate_table
from adapters.protocol import made_by
from adapters.setting import Setting
from adapters.tensorflow.schedules import learning_rate
from harness.spec import optimizers as spec
from harness.spec.recipe import Update

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


def optimizer(update: Update, variables: dict[str, Any], horizon: int, setting: Setting) -> Any:
    """A function that takes the gradients in the order of `variables` and updates these in place."""
    word, live = update.optimizer, list(variables.values())
    if setting.exact:
        return Canonical(update, variables, horizon, setting.precision)
    native = made_by(NATIVE, word, "tensorflow")(word, learning_rate(update.schedule, horizon, setting.mode))
    native.build(live)
    return lambda gradients: native.apply(gradients, live)


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

    def __init__(self, update: Update, variables: dict[str, Any], horizon: int, precision: str) -> None:
        table = coefficients(update.optimizer, rate_table(update.schedule, horizon))
        self.word, self.names = update.optimizer, tuple(table)
        self.table = tf.constant(np.stack(list(table.values()), axis=1), precision)
        rule = made_by(RULES, self.word, "tensorflow")
        self.slot_count, self.update = rule.slots, rule.update
        self.variables = [variable.value for variable in variables.values()]
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
