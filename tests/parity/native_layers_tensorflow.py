"""Builders of one layer each, as users of Keras write them, for `own_layers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEQUENCE, IMAGE, VOLUME, ROWS, STEPS = (2, 9, 4), (2, 7, 6, 4), (2, 5, 5, 4, 4), (3, 6), (3, 7, 6)
BUILDERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {}


class Behind(keras.Model):
    """A layer behind a product with a parameter of the sample's shape; of several outputs the first counts."""

    def __init__(self, layer: Any, shape: tuple[int, ...], call: Any = None) -> None:
        super().__init__()
        self.layer, self.called = layer, call
        start = np.linspace(0.5, 1.5, int(np.prod(shape[1:]))).reshape(shape[1:])
        self.scale = self.add_weight(shape=shape[1:], initializer=keras.initializers.Constant(start), name="scale")

    def call(self, x: Any, training: bool = False) -> Any:
        scaled = x * self.scale
        if self.called is not None:
            return self.called(self.layer, scaled, training)
        options = {"training": training} if self.layer._call_has_training_arg else {}
        y = self.layer(scaled, **options)
        return y[0] if isinstance(y, tuple | list) else y


def _add(name: str, make: Callable[[], Any], shape: tuple[int, ...], call: Any = None) -> None:
    BUILDERS[name] = (lambda: Behind(make(), shape, call)), shape


for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME)):

    def of(kind: str, rank: int = rank) -> Any:
        return getattr(layers, f"{kind}{rank}D")

    for name, make in {
        "conv": lambda of=of: of("Conv")(6, 3),
        "conv_same": lambda of=of: of("Conv")(6, 3, strides=2, padding="same", activation="relu"),
        "conv_grouped": lambda of=of: of("Conv")(8, 3, groups=2),
        "conv_transpose": lambda rank=rank: getattr(layers, f"Conv{rank}DTranspose")(6, 3, strides=2),
        "max_pool": lambda of=of: of("MaxPooling")(2),
        "max_pool_same": lambda of=of: of("MaxPooling")(3, 2, padding="same"),
        "average_pool": lambda of=of: of("AveragePooling")(2),
        "average_pool_same": lambda of=of: of("AveragePooling")(3, 2, padding="same"),
        "global_average_pool": lambda of=of: of("GlobalAveragePooling")(),
        "global_max_pool": lambda of=of: of("GlobalMaxPooling")(),
        "dropout": lambda of=of: of("SpatialDropout")(0.3),
        "upsampling": lambda of=of: of("UpSampling")(2),
    }.items():
        _add(f"{name}_{rank}d", make, shape)


_add("depthwise_1d", lambda: layers.DepthwiseConv1D(3, depth_multiplier=2), SEQUENCE)
_add("depthwise_2d", lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), IMAGE)
_add("separable_2d", lambda: layers.SeparableConv2D(5, 3), IMAGE)
_add("batch_norm", layers.BatchNormalization, IMAGE)
_add("layer_norm", layers.LayerNormalization, STEPS)
_add("group_norm", lambda: layers.GroupNormalization(2), IMAGE)
_add("instance_norm", lambda: layers.GroupNormalization(-1), IMAGE)
_add("rms_norm", layers.RMSNormalization, STEPS)
_add("unit_norm", layers.UnitNormalization, STEPS)
_add("dense", lambda: layers.Dense(4, activation="tanh"), ROWS)
_add("einsum_dense", lambda: layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), STEPS)
_add("prelu", layers.PReLU, ROWS)
_add("prelu_shared", lambda: layers.PReLU(shared_axes=[1, 2]), IMAGE)
_add("leaky_relu", layers.LeakyReLU, ROWS)
_add("elu", layers.ELU, ROWS)
_add("softmax", layers.Softmax, ROWS)
for name in ("relu", "relu6", "gelu", "silu", "selu", "mish", "softplus", "hard_sigmoid", "log_softmax", "swish"):
    _add(f"activation_{name}", lambda name=name: layers.Activation(name), ROWS)
for name in ("Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise"):
    _add(name, lambda name=name: getattr(layers, name)(0.3), ROWS)
for name in ("LSTM", "GRU", "SimpleRNN"):
    _add(name, lambda name=name: getattr(layers, name)(5), STEPS)
    options = {"return_sequences": True, "return_state": True, "dropout": 0.2, "recurrent_dropout": 0.2}
    _add(f"{name}_sequences", lambda name=name, options=options: getattr(layers, name)(5, **options), STEPS)
    _add(f"{name}_cell", lambda name=name: layers.RNN(getattr(layers, f"{name}Cell")(5)), STEPS)
    _add(f"{name}_both", lambda name=name: layers.Bidirectional(getattr(layers, name)(5, go_backwards=False)), STEPS)
_add("gru_before", lambda: layers.GRU(5, reset_after=False), STEPS)
_add("stacked_cells", lambda: layers.RNN([layers.LSTMCell(5), layers.LSTMCell(4)]), STEPS)
_add("conv_lstm", lambda: layers.ConvLSTM1D(3, 3), (2, 3, 7, 2))
_add("time_distributed", lambda: layers.TimeDistributed(layers.Dense(4)), STEPS)


def twice(layer: Any, x: Any, training: Any) -> Any:
    return layer(x, x, training=training)


_add("attention", lambda: layers.MultiHeadAttention(2, 3, dropout=0.2), STEPS, twice)
_add("grouped_attention", lambda: layers.GroupQueryAttention(3, 4, 2, dropout=0.2), STEPS, twice)
_add("simple_attention", lambda: layers.Attention(dropout=0.2), STEPS, lambda f, x, t: f([x, x], training=t))
_add("additive_attention", lambda: layers.AdditiveAttention(dropout=0.2), STEPS, lambda f, x, t: f([x, x], training=t))


def looked(layer: Any, x: Any, training: Any) -> Any:
    return layer(tf.cast(tf.clip_by_value(tf.abs(tf.stop_gradient(x)) * 3, 0, 9), tf.int32))


_add("embedding", lambda: layers.Embedding(10, 6), ROWS, looked)
_add("embedding_masked", lambda: layers.Embedding(10, 6, mask_zero=True), ROWS, looked)
_add("zero_padding", lambda: layers.ZeroPadding2D(1), IMAGE)
_add("cropping", lambda: layers.Cropping2D(1), IMAGE)
_add("flatten", layers.Flatten, IMAGE)
_add("permute", lambda: layers.Permute((3, 1, 2)), IMAGE)
_add("reshape", lambda: layers.Reshape((42, 4)), IMAGE)
_add("rescaling", lambda: layers.Rescaling(0.1, 0.2), IMAGE)
_add("resizing", lambda: layers.Resizing(5, 5), IMAGE)
_add("upsampling_bilinear", lambda: layers.UpSampling2D(2, interpolation="bilinear"), IMAGE)
_add("lambda_layer", lambda: layers.Lambda(lambda x: x * 2), ROWS)
_add("activity", lambda: layers.ActivityRegularization(0.1), ROWS)


def __getattr__(name: str) -> Any:
    return BUILDERS[name][0]
