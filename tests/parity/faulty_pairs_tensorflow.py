"""Ports of the models in `faulty_pairs_mindspore.py` to Keras, right and with one fault each."""

import math
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


def _cnn(activation="relu", pooling=layers.MaxPooling2D, between=(), head=(), normalised=(), last="relu"):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3),
            *normalised,
            layers.Activation(activation),
            pooling(2),
            *between,
            layers.Conv2D(4, 3, activation=last),
            layers.Flatten(),
            layers.Dense(3, name="fc"),
            *head,
        ]
    )


def _bn(**options):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="bn", **options)


class Frozen(layers.Layer):
    """A batch normalisation that is called for evaluation."""

    def __init__(self):
        super().__init__()
        self.bn = _bn()

    def call(self, x):
        return self.bn(x, training=False)


class Probabilities(layers.Layer):
    """A softmax that evaluation leaves out."""

    def call(self, x, training=False):
        return ops.softmax(x) if training else x


def softmax_in_training():
    return _cnn(head=[Probabilities()])


def cnn():
    return _cnn()


def average():
    return _cnn(pooling=layers.AveragePooling2D)


def gelu():
    return _cnn(last="gelu")


def no_activation():
    return _cnn(last=None)


def extra_activation():
    return _cnn(between=[layers.Activation("tanh", name="extra")])


def softmax_at_the_end():
    return _cnn(head=[layers.Softmax(name="probabilities")])


def normalised():
    return _cnn(normalised=[_bn()])


def normalised_epsilon():
    return _cnn(normalised=[layers.BatchNormalization(momentum=0.9, epsilon=1e-3)])


def normalised_momentum():
    return _cnn(normalised=[layers.BatchNormalization(momentum=0.1, epsilon=1e-5)])


def moving_statistics():
    return _cnn(normalised=[Frozen()])


def normalised_later():
    model = [keras.Input((8, 8, 2)), layers.Conv2D(4, 3), layers.ReLU(name="act"), _bn(), layers.MaxPooling2D(2)]
    return keras.Sequential(
        [*model, layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3, name="fc")]
    )


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


class Attention(keras.Model):
    def __init__(self, scaled=True, diagonal=1, axis=-1, merged=True):
        super().__init__()
        self.query, self.key, self.value = layers.Dense(8), layers.Dense(8), layers.Dense(8)
        self.out = layers.Dense(8)
        self.scaled, self.axis, self.merged = scaled, axis, merged
        self.mask = np.triu(np.full((5, 5), -1e9), k=diagonal)

    def heads(self, x):
        return tf.transpose(tf.reshape(x, (-1, 5, 2, 4)), (0, 2, 1, 3))

    def call(self, x):
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = tf.matmul(query, key, transpose_b=True)
        if self.scaled:
            scores /= math.sqrt(4)
        scores = scores + tf.constant(self.mask, scores.dtype)
        mixed = tf.nn.softmax(scores, axis=self.axis) @ value
        if self.merged:
            mixed = tf.transpose(mixed, (0, 2, 1, 3))
        return tf.reduce_mean(self.out(tf.reshape(mixed, (-1, 5, 8))), 1)


attention = partial(Attention)
unscaled = partial(Attention, scaled=False)
mask_off_by_one = partial(Attention, diagonal=2)
attention_axis = partial(Attention, axis=-2)
heads_not_turned = partial(Attention, merged=False)


fused = fused_by_heads = attention


class FusedParameter(keras.Model):
    """Query, key and value by a parameter each."""

    def __init__(self, scaled=True):
        super().__init__()
        self.wk, self.wv, self.wq = (self.add_weight(shape=(8, 8), name=name) for name in ("wk", "wv", "wq"))
        self.head, self.scaled = layers.Dense(3), scaled

    def call(self, x):
        query, key, value = (ops.matmul(x, each) for each in (self.wq, self.wk, self.wv))
        scores = ops.matmul(query, ops.transpose(key, (0, 2, 1)))
        weights = ops.softmax(scores / math.sqrt(8) if self.scaled else scores, axis=-1)
        return self.head(ops.mean(ops.matmul(weights, value), axis=1))


fused_parameter = partial(FusedParameter)


def _normed(*norm, activation=None, **options):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, **options),
            *norm,
            activation or layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def _grouped(groups=2, epsilon=1e-5):
    return _normed(layers.GroupNormalization(groups, epsilon=epsilon))


grouped = partial(_grouped)
grouped_epsilon = partial(_grouped, epsilon=1e-3)
other_groups = partial(_grouped, groups=4)


def _instanced(epsilon=1e-5):
    return _normed(layers.GroupNormalization(-1, epsilon=epsilon))


instanced = partial(_instanced)
instanced_epsilon = partial(_instanced, epsilon=1e-3)


def padded():
    return keras.Sequential([keras.Input((8, 8, 2)), layers.ZeroPadding2D(1), *_normed(strides=2).layers])


padded_same = partial(_normed, strides=2, padding="same")


def _sloped(slope=0.2):
    return _normed(activation=layers.LeakyReLU(negative_slope=slope))


sloped = partial(_sloped)
steeper = partial(_sloped, slope=0.3)


def _curved(alpha=1.0):
    return _normed(activation=layers.ELU(alpha))


curved = partial(_curved)
flatter = partial(_curved, alpha=0.5)


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


def _tokens(activation="relu", epsilon=1e-7, frozen=False, biased=True):
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(6, 1),
            layers.Reshape((16, 6)),
            layers.LayerNormalization(epsilon=epsilon),
            layers.Dense(6, activation=activation, trainable=not frozen, use_bias=biased),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    )


tokens = partial(_tokens)
tokens_gelu = partial(_tokens, activation="gelu")
tokens_epsilon = partial(_tokens, epsilon=1e-3)
tokens_frozen = partial(_tokens, frozen=True)
tokens_unbiased = partial(_tokens, biased=False)


def _rnn(activation="tanh"):
    return keras.Sequential([keras.Input((5, 6)), layers.SimpleRNN(4, activation=activation), layers.Dense(3)])


rnn = partial(_rnn)
rnn_relu = partial(_rnn, activation="relu")


class Encoder(keras.Model):
    def __init__(self, early=False, offset=0.0, position=0, second=True, approximate=False):
        super().__init__()
        self.attention = Attention()
        self.norm1, self.norm2 = (layers.LayerNormalization(epsilon=1e-7) for _ in range(2))
        self.wide, self.narrow = layers.Dense(12), layers.Dense(8)
        self.head = layers.Dense(3)
        self.positions = np.linspace(-1, 1 + offset, 40).reshape(5, 8)
        self.early, self.position, self.second, self.approximate = early, position, second, approximate

    def call(self, x):
        x = x + ops.cast(self.positions, x.dtype)
        mixed = ops.expand_dims(self.attention(x), 1)
        x = x + self.norm1(mixed) if self.early else self.norm1(x + mixed)
        wide = keras.activations.gelu(self.wide(x), approximate=self.approximate)
        narrow = self.narrow(wide)
        x = self.norm2(x + narrow) if self.second else self.norm2(narrow)
        return self.head(x[:, self.position])


encoder = partial(Encoder)
normalised_early = partial(Encoder, early=True)
other_positions = partial(Encoder, offset=0.1)
last_position = partial(Encoder, position=-1)
second_residual = partial(Encoder, second=False)
approximate_gelu = partial(Encoder, approximate=True)


def backwards():
    return keras.Sequential([keras.Input((5, 6)), layers.LSTM(4, go_backwards=True, name="memory"), layers.Dense(3)])


def time_first():
    return keras.Sequential([keras.Input((5, 6)), layers.LSTM(4, name="memory"), layers.Dense(3)])


def _lstm(gate="sigmoid", activation="tanh"):
    cell = layers.LSTMCell(4, recurrent_activation=gate, activation=activation, unit_forget_bias=False)
    return keras.Sequential([keras.Input((5, 6)), layers.RNN(cell, name="memory"), layers.Dense(3)])


lstm = partial(_lstm)
hard_gates = partial(_lstm, gate="hard_sigmoid")


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


def _heads(causal=False, reads=0):
    x = keras.Input((5, 8))
    other = ops.flip(x, axis=1) if reads else x
    mixed = layers.MultiHeadAttention(2, 4, name="attention")(x, other, x, use_causal_mask=causal)
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(mixed)))


heads = partial(_heads)
causal = partial(_heads, causal=True)
flipped_values = partial(_heads, reads=1)


class Text(keras.Model):
    def __init__(self, pooled=ops.mean, tied=True):
        super().__init__()
        self.embedding, self.fc = layers.Embedding(9, 4), layers.Dense(4, activation="tanh")
        self.pooled, self.logits = pooled, None if tied else layers.Dense(9, use_bias=False, name="logits")

    def call(self, x):
        hidden = self.fc(self.pooled(self.embedding(x), axis=1))
        if self.logits is not None:
            return self.logits(hidden)
        return ops.matmul(hidden, ops.transpose(self.embedding.embeddings))


text = partial(Text)
summed = partial(Text, pooled=ops.sum)
untied = partial(Text, tied=False)
