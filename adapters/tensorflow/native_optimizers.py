"""Keras' own optimizers, with every argument passed, and compositions of them. What people run.

`realisations.optimizers` says which makes a word. `rate` is a float or a LearningRateSchedule. Keras' optimizers get
their parameters when they are built.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import FloatArray
from harness.spec import optimizers as spec


def sgd(_: spec.Sgd, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.SGD(rate, momentum=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=False)


def nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=True)


def adagrad(s: spec.Adagrad, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Adagrad(rate, initial_accumulator_value=s.initial_accumulator, epsilon=s.epsilon)


def rmsprop(s: spec.Rmsprop, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.RMSprop(
        rate, rho=s.rho, momentum=s.momentum, epsilon=s.epsilon, centered=s.centered, weight_decay=None
    )


def adadelta(s: spec.Adadelta, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Adadelta(rate, rho=s.rho, epsilon=s.epsilon)


def adam(s: spec.Adam, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Adam(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, amsgrad=s.amsgrad)


def adamw(s: spec.Adamw, parameters: Any, rate: Any) -> Any:
    options = {"weight_decay": s.factor, "amsgrad": False}
    return keras.optimizers.AdamW(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, **options)


def adamax(s: spec.Adamax, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Adamax(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon)


def nadam(s: spec.Nadam, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Nadam(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon)


def ftrl(s: spec.Ftrl, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Ftrl(
        rate,
        learning_rate_power=s.learning_rate_power,
        initial_accumulator_value=s.initial_accumulator,
        l1_regularization_strength=s.l1,
        l2_regularization_strength=s.l2,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
    )


# Where each slot lies, by its name in the spec; all hold the formula's values as they are.
MOMENTS = {"first_moment": "_momentums", "second_moment": "_velocities"}
SLOTS: dict[type[spec.Optimizer], dict[str, str]] = {
    spec.Sgd: {},
    spec.HeavyBall: {"velocity": "momentums"},
    spec.Nesterov: {"velocity": "momentums"},
    spec.Adagrad: {"accumulator": "_accumulators"},
    spec.Rmsprop: {"mean_square": "_velocities", "mean_gradient": "_average_gradients", "velocity": "_momentums"},
    spec.Adadelta: {"mean_square_gradient": "_accumulated_grads", "mean_square_step": "_accumulated_delta_vars"},
    spec.Adam: {**MOMENTS, "largest_second_moment": "_velocity_hats"},
    spec.Adamw: MOMENTS,
    spec.Adamax: {"first_moment": "_m", "infinity_norm": "_u"},
    spec.Nadam: MOMENTS,
    spec.Ftrl: {"accumulator": "_accumulators", "linear": "_linears"},
    spec.Lion: {"first_moment": "_momentums"},
    spec.Lamb: MOMENTS,
}


def native_slots(word: Any, made: Any) -> dict[str, Any]:
    """By the slot's name in the spec: the variables that hold it."""
    return {slot: getattr(made, SLOTS[type(word)][slot]) for slot in word.slot_names}


class Decaying:
    """Decays weights before an optimizer: `kept` is a factor for each update. Or adds to gradients: `factor`."""

    def __init__(self, inner: Any, parameters: Any, decaying: list[bool], factor: float, kept: FloatArray | None):
        self.inner, self.weights, self.decaying = inner, parameters, decaying
        self.factor = tf.constant(factor, tf.float32)
        self.kept = None if kept is None else tf.constant(kept, tf.float32)
        self.step = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> None:
        given = []
        for w, gradient, decays in zip(self.weights, gradients, self.decaying, strict=True):
            if decays and self.kept is None:
                given.append(gradient + self.factor * w)
                continue
            if decays:
                w.assign(w * tf.gather(self.kept, self.step))
            given.append(gradient)
        self.step.assign_add(1)
        self.inner(given)


# MindSpore has no right one of these.


def lion(s: spec.Lion, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Lion(rate, beta_1=s.beta1, beta_2=s.beta2, weight_decay=None)


def lamb(s: spec.Lamb, parameters: Any, rate: Any) -> Any:
    return keras.optimizers.Lamb(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, weight_decay=s.factor)
