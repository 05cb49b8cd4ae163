"""Ports of the models in `sequences_mindspore.py` to Keras, right and with one fault each."""

import math
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


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


def masked_steps():
    masking, memory = layers.Masking(name="masking"), layers.LSTM(4, name="memory")
    return keras.Sequential([keras.Input((5, 6)), masking, memory, layers.Dense(3)])


def _lstm(gate="sigmoid", activation="tanh"):
    cell = layers.LSTMCell(4, recurrent_activation=gate, activation=activation, unit_forget_bias=False)
    return keras.Sequential([keras.Input((5, 6)), layers.RNN(cell, name="memory"), layers.Dense(3)])


lstm = partial(_lstm)
hard_gates = partial(_lstm, gate="hard_sigmoid")


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
