"""Ports of the models in `vectors_mindspore.py` to Keras, right and with one fault each."""

from functools import partial

import keras
import tensorflow as tf
from keras import layers, ops


def _mixed(
    activation=ops.relu,
    residual=True,
    axis=-1,
    power=ops.square,
    swapped=False,
    times=2,
    cast=None,
    scale=None,
    read=0,
    stopped=False,
):
    x = keras.Input((6,))
    hidden = layers.Dense(6, name="fc1")(x)
    hidden = activation(hidden)
    if cast:
        hidden = ops.cast(ops.cast(hidden, cast), x.dtype)
    hidden = ops.stop_gradient(hidden) if stopped else hidden
    branch = layers.Dense(6, name="fc2")(hidden)
    hidden = x + branch if residual else branch
    gate = layers.Dense(6, name="gate")((hidden, x)[read])
    gate = ops.softmax(gate, axis=axis)
    if scale:
        gate = gate * scale
    powered = power(hidden)
    joined = ops.concatenate([powered, gate] if swapped else [gate, powered], axis=-1)
    twice = layers.Dense(12, name="twice")
    for _ in range(times):
        joined = ops.tanh(twice(joined))
    return keras.Model(x, layers.Dense(3, name="head")(joined))


mixed = partial(_mixed)
functional_activation = partial(_mixed, activation=ops.tanh)
dropped_residual = partial(_mixed, residual=False)
softmax_axis = partial(_mixed, axis=0)
absolute = partial(_mixed, power=ops.abs)
swapped_concat = partial(_mixed, swapped=True)
called_once = partial(_mixed, times=1)
half = partial(_mixed, cast="float16")
doubled = partial(_mixed, scale=2.0)
wrong_wire = partial(_mixed, read=1)
stopped_gradient = partial(_mixed, stopped=True)


def _minted(epsilon=1e-5):
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="silu"),
            layers.Dense(8, activation="tanh"),
            layers.PReLU(),
            layers.GroupNormalization(2, epsilon=epsilon),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


minted = unregistered = partial(_minted)
minted_epsilon = partial(_minted, epsilon=1e-3)


def _saturating(factor=4):
    x = keras.Input((6,))
    hidden = layers.Activation("tanh")(factor * layers.Dense(8)(x))
    return keras.Model(x, layers.Dense(3)(hidden))


saturating = saturating_function = saturating_method = partial(_saturating)


def zero_rows():
    return keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.PReLU(), layers.Dense(3)])


saturating_less = partial(_saturating, factor=4.002)


class Norm(layers.Layer):
    def __init__(self, axis):
        super().__init__()
        self.axis = axis

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x):
        mean_square = ops.mean(ops.square(x), axis=self.axis, keepdims=True)
        return x * ops.rsqrt(mean_square + 1e-3) * self.scale


def _own(axis=-1, **options):
    return keras.Sequential([keras.Input((6,)), layers.Dense(6, **options), Norm(axis), layers.Dense(3)])


own = partial(_own)
own_axis = partial(_own, axis=0)
own_penalised = partial(_own, kernel_regularizer="l2")
own_output_penalised = partial(_own, activity_regularizer="l1")
own_held = partial(_own, kernel_constraint=keras.constraints.MaxNorm(0.1))


class Added(keras.Model):
    """`own` with a loss of its own."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = layers.Dense(6), Norm(-1), layers.Dense(3)

    def call(self, x):
        hidden = self.fc1(x)
        self.add_loss(ops.mean(ops.square(hidden)))
        return self.fc2(self.norm(hidden))


own_added = partial(Added)


class Scalar(keras.Model):
    """`own` with a parameter of no axes."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = layers.Dense(6), Norm(-1), layers.Dense(3)
        self.temperature = self.add_weight(shape=(), initializer="ones", name="temperature")

    def call(self, x):
        return self.fc2(self.norm(self.fc1(x))) * self.temperature


scalar = partial(Scalar)


class OwnVariable(keras.Model):
    """`own` whose last bias is a variable of TensorFlow."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = layers.Dense(6), Norm(-1), layers.Dense(3, use_bias=False)
        self.shift = tf.Variable(tf.zeros(3))

    def call(self, x):
        return self.fc2(self.norm(self.fc1(x))) + tf.cast(self.shift, x.dtype)


own_variable = partial(OwnVariable)


class Shared(keras.Model):
    def __init__(self, join=ops.subtract, step=1):
        super().__init__()
        self.tower, self.head = layers.Dense(4), layers.Dense(3)
        self.join, self.step = join, step

    def call(self, x):
        left, right = self.tower(x[:, :3]), self.tower(x[:, 3:][:, :: self.step])
        return self.head(ops.abs(self.join(left, right)))


shared = partial(Shared)
added = partial(Shared, join=ops.add)
reversed_input = partial(Shared, step=-1)
