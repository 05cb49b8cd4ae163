"""Attention over the steps of a sequence, and the embedding of positions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.layers.base import BuiltLayer, parameter
from adapters.tensorflow.runtime import floats
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def multi_head_attention(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Self-attention of several heads."""
    word: Any = placed.layer
    key_size, value_size = word.sizes
    native = keras.layers.MultiHeadAttention(
        word.heads, key_size, value_size, dropout=word.dropout, use_bias=word.use_bias, dtype=setting.policy
    )
    native.build((None, *placed.input_shape), (None, *placed.input_shape))
    parts = {
        "query": native.query_dense,
        "key": native.key_dense,
        "value": native.value_dense,
        "output": native.output_dense,
    }
    names = [p.name for p in word.parameters(placed.input_shape)]
    parameters = {name: getattr(parts[name.rpartition("_")[0]], name.rpartition("_")[2]) for name in names}
    return BuiltLayer(_Attention(native, placed, setting), parameters=parameters)


def position_embedding(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`x + embeddings`."""
    embeddings = parameter("embeddings", placed, weights, setting)
    return BuiltLayer(_Embedded(embeddings), parameters={"embeddings": embeddings})


class _Attention:
    """Keras' layer; in training the weights of the softmax are multiplied by a mask from the noise."""

    def __init__(self, native: Any, placed: PlacedLayer, setting: Setting) -> None:
        word: Any = placed.layer
        self.native, self.is_causal = native, word.mask == "causal"
        allowed = None if self.is_causal else word.allowed(placed.input_shape[0])
        self.allowed = None if allowed is None else np.array([allowed], bool)
        self.dropout = _MaskedShares(floats(1 - word.dropout, setting))
        if word.dropout:
            native._dropout_layer = self.dropout
        if word.scale is not None or setting.precision == "float64":
            native._inverse_sqrt_key_dim = floats(word.factor, setting)  # a Python number is rounded to float32 first
        if word.dropout and setting.half:
            native._inverse_sqrt_key_dim = 1.0
            native._softmax = _SoftmaxInFull(native._softmax.axis, floats(word.factor, setting), setting)

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        self.dropout.mask = noise[0] if noise else None
        return self.native(x, x, attention_mask=self.allowed, use_causal_mask=self.is_causal, training=training)


class _Embedded:
    """`x + embeddings`."""

    def __init__(self, embeddings: Any) -> None:
        self.embeddings = embeddings

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        return x + tf.cast(self.embeddings.value, x.dtype)


class _MaskedShares:
    """What stands for the dropout layer of Keras' attention: a mask, which is set before each call."""

    def __init__(self, keep_probability: Any) -> None:
        self.keep_probability, self.mask = keep_probability, None

    def __call__(self, shares: Any, training: bool) -> Any:
        return shares if self.mask is None else shares * tf.cast(self.mask / self.keep_probability, shares.dtype)


class _SoftmaxInFull:
    """What stands for the softmax of Keras' attention with dropout in mixed precision: as its attention without it."""

    def __init__(self, axis: Any, factor: Any, setting: Setting) -> None:
        self.native = keras.layers.Softmax(axis, dtype=setting.precision)
        self.factor, self.precision = factor, setting.precision

    def __call__(self, scores: Any, mask: Any = None) -> Any:
        return tf.cast(self.native(tf.cast(scores, self.precision) * self.factor, mask=mask), scores.dtype)
