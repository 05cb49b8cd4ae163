"""A user's own keras.Model in float64: poolings of volumes, which TensorFlow's CPU refuses there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.ops import gen_nn_ops

POOLED_VOLUMES = (keras.layers.MaxPooling3D, keras.layers.AveragePooling3D)
FIRST, LAST = "NCDHW", "NDHWC"


def in_float64(network: Any) -> list[str]:
    """Replaces the kernels of this process, once. Returns the names of the network's layers that use them."""
    for name, pool in (("max_pool3d", tf.nn.max_pool2d), ("avg_pool3d", tf.nn.avg_pool2d)):
        native = getattr(gen_nn_ops, name)
        if not hasattr(native, "composed"):
            setattr(gen_nn_ops, name, _switch(native, pool))
    layers = network._flatten_layers(include_self=True)
    return [layer.name for layer in layers if isinstance(layer, POOLED_VOLUMES)]


def _switch(native: Callable[..., Any], pool: Callable[..., Any]) -> Callable[..., Any]:
    def call(
        input: Any, ksize: Any, strides: Any, padding: str, data_format: str = LAST, name: str | None = None
    ) -> Any:
        if input.dtype != tf.float64:
            return native(input, ksize, strides, padding, data_format, name)
        x = tf.transpose(input, (0, 2, 3, 4, 1)) if data_format == FIRST else input
        axes = slice(2, 5) if data_format == FIRST else slice(1, 4)
        y = _by_axes(pool, x, tuple(ksize)[axes], tuple(strides)[axes], padding)
        return tf.transpose(y, (0, 4, 1, 2, 3)) if data_format == FIRST else y

    call.composed = True  # type: ignore[attr-defined]
    return call


def _by_axes(pool: Callable[..., Any], x: Any, window: Any, strides: Any, padding: str) -> Any:
    """A pooling of (B, D, H, W, C) over height and width, then over depth: both parts of a maximum or of a mean."""
    depth, channels = x.shape[1], x.shape[4]
    planes = pool(tf.reshape(x, (-1, *x.shape[2:])), window[1:], strides[1:], padding)
    height, width = planes.shape[1:3]
    columns = tf.reshape(planes, (-1, depth, height * width, channels))
    pooled = pool(columns, (window[0], 1), (strides[0], 1), padding)
    return tf.reshape(pooled, (-1, pooled.shape[1], height, width, channels))
