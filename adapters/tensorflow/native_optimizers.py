"""Keras' own optimizers and compositions of them, with every argument passed explicitly.

`realisations.optimizers` states which function makes a word. `rate` is a float or a LearningRateSchedule. Keras'
optimizers get their parameters when they are built.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import FloatArray
from adapters.tensorflow.canonical_optimizers import Follower
from harness.spec import optimizers as spec
from harness.spec.recipe import Update


def sgd(_: spec.Sgd, parameters: Any, rate: Any) -> Any:
    """SGD without momentum."""
    return keras.optimizers.SGD(rate, momentum=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    """SGD, whose velocity holds the rate inside."""
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=False)


def nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    """SGD with Nesterov momentum, the rate inside."""
    return keras.optimizers.SGD(rate, momentum=s.momentum, nesterov=True)


def adagrad(s: spec.Adagrad, parameters: Any, rate: Any) -> Any:
    """Adagrad."""
    return keras.optimizers.Adagrad(rate, initial_accumulator_value=s.initial_accumulator, epsilon=s.epsilon)


def rmsprop(s: spec.Rmsprop, parameters: Any, rate: Any) -> Any:
    """RMSprop."""
    return keras.optimizers.RMSprop(
        rate, rho=s.rho, momentum=s.momentum, epsilon=s.epsilon, centered=s.centered, weight_decay=None
    )


def adadelta(s: spec.Adadelta, parameters: Any, rate: Any) -> Any:
    """Adadelta."""
    return keras.optimizers.Adadelta(rate, rho=s.rho, epsilon=s.epsilon)


def adam(s: spec.Adam, parameters: Any, rate: Any) -> Any:
    """Adam."""
    return keras.optimizers.Adam(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, amsgrad=s.amsgrad)


def adamw(s: spec.Adamw, parameters: Any, rate: Any) -> Any:
    """AdamW, which decays the weights itself."""
    options = {"weight_decay": s.factor, "amsgrad": False}
    return keras.optimizers.AdamW(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, **options)


def adamax(s: spec.Adamax, parameters: Any, rate: Any) -> Any:
    """Adamax."""
    return keras.optimizers.Adamax(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon)


def nadam(s: spec.Nadam, parameters: Any, rate: Any) -> Any:
    """Nadam."""
    return keras.optimizers.Nadam(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon)


def ftrl(s: spec.Ftrl, parameters: Any, rate: Any) -> Any:
    """Ftrl without shrinkage."""
    return keras.optimizers.Ftrl(
        rate,
        learning_rate_power=s.learning_rate_power,
        initial_accumulator_value=s.initial_accumulator,
        l1_regularization_strength=s.l1,
        l2_regularization_strength=s.l2,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
    )


# The attribute that holds each slot, by the name of the slot in the spec. All hold the formula's values.
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


def native_slots(word: Any, optimizer: Any) -> dict[str, Any]:
    """By the name of the slot in the spec, the variables that hold it."""
    return {slot: getattr(optimizer, SLOTS[type(word)][slot]) for slot in word.slot_names}


class WithWeightDecay:
    """An optimizer after a weight decay.

    Decoupled, the weights are multiplied by the `decay_factors` of the update. Coupled (None), `factor * weight` is
    added to the gradients.
    """

    def __init__(
        self, inner: Any, parameters: Any, decay_mask: list[bool], factor: float, decay_factors: FloatArray | None
    ):
        self.inner, self.weights, self.decay_mask = inner, parameters, decay_mask
        self.factor = tf.constant(factor, tf.float32)
        self.decay_factors = None if decay_factors is None else tf.constant(decay_factors, tf.float32)
        self.step = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> None:
        decayed_gradients = []
        for w, gradient, is_decayed in zip(self.weights, gradients, self.decay_mask, strict=True):
            if is_decayed and self.decay_factors is None:
                decayed_gradients.append(gradient + self.factor * w)
                continue
            if is_decayed:
                w.assign(w * tf.gather(self.decay_factors, self.step))
            decayed_gradients.append(gradient)
        self.step.assign_add(1)
        self.inner(decayed_gradients)


class Followed:
    """An optimizer, then the look-ahead and the averaging by the scalars of each update in `table`."""

    def __init__(self, inner: Any, parameters: Any, table: dict[str, FloatArray], update: Update) -> None:
        self.inner, self.names = inner, tuple(table)
        self.table = tf.constant(np.stack(list(table.values()), axis=1), tf.float32)
        self.followers = [Follower(update, w.value) for w in parameters]
        self.step = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> None:
        self.inner(gradients)
        c = dict(zip(self.names, tf.unstack(tf.gather(self.table, self.step)), strict=True))
        for follower in self.followers:
            follower(c, follower.w)
        self.step.assign_add(1)


# MindSpore has no correct class for these.


def lion(s: spec.Lion, parameters: Any, rate: Any) -> Any:
    """Lion."""
    return keras.optimizers.Lion(rate, beta_1=s.beta1, beta_2=s.beta2, weight_decay=None)


def lamb(s: spec.Lamb, parameters: Any, rate: Any) -> Any:
    """Lamb, which decays the weights itself."""
    return keras.optimizers.Lamb(rate, beta_1=s.beta1, beta_2=s.beta2, epsilon=s.epsilon, weight_decay=s.factor)
