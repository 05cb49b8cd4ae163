"""A user's own keras.Model in float64, where TensorFlow's CPU refuses it or computes in float32.

It refuses poolings of volumes, and resizes images in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_image_ops, gen_nn_ops

REPLACED = (keras.layers.MaxPooling3D, keras.layers.AveragePooling3D, keras.layers.Resizing, keras.layers.UpSampling2D)
FIRST, LAST = "NCDHW", "NDHWC"


def in_float64(network: Any) -> list[str]:
    """Replaces the kernels of this process, once. Returns the names of the network's layers that use them."""
    _replace(gen_nn_ops, "max_pool3d", _pooling(tf.nn.max_pool2d))
    _replace(gen_nn_ops, "avg_pool3d", _pooling(tf.nn.avg_pool2d))
    _replace(gen_image_ops, "resize_bilinear", _resize_bilinear)
    layers = network._flatten_layers(include_self=True)
    return [layer.name for layer in layers if isinstance(layer, REPLACED) and _is_replaced(layer)]


def _is_replaced(layer: Any) -> bool:
    return getattr(layer, "interpolation", "bilinear") == "bilinear"


def _replace(module: Any, name: str, compute: Callable[..., Any]) -> None:
    native = getattr(module, name)
    if hasattr(native, "composed"):
        return

    def call(value: Any, *arguments: Any, **options: Any) -> Any:
        is_float64 = tf.is_tensor(value) and value.dtype == tf.float64
        return (compute if is_float64 else native)(value, *arguments, **options)

    call.composed = True  # type: ignore[attr-defined]
    setattr(module, name, call)


def _pooling(pool: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, ksize: Any, strides: Any, padding: str, data_format: str = LAST, name: str | None = None) -> Any:
        is_first = data_format == FIRST
        axes = slice(2, 5) if is_first else slice(1, 4)
        last = tf.transpose(x, (0, 2, 3, 4, 1)) if is_first else x
        y = _by_axes(pool, last, tuple(ksize)[axes], tuple(strides)[axes], padding)
        return tf.transpose(y, (0, 4, 1, 2, 3)) if is_first else y

    return call


def _resize_bilinear(
    images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False, name: str | None = None
) -> Any:
    """Images (B, H, W, C) to the size, as a product with the weights of each axis."""
    height, width = (int(n) for n in tf.get_static_value(size))
    rows = _weights(images.shape[1], height, align_corners, half_pixel_centers)
    columns = _weights(images.shape[2], width, align_corners, half_pixel_centers)
    return tf.einsum("ih,bhwc,jw->bijc", rows, images, columns)


def _weights(size: int, count: int, align_corners: bool, half_pixel_centers: bool) -> Any:
    """(count, size): the share of each cell in each output."""
    scale = (size - 1) / (count - 1) if align_corners and count > 1 else size / count
    place = (np.arange(count) + 0.5) * scale - 0.5 if half_pixel_centers else np.arange(count) * scale
    lower = np.floor(place).astype(int)
    weights, rows = np.zeros((count, size)), np.arange(count)
    np.add.at(weights, (rows, np.clip(lower, 0, size - 1)), 1 - (place - lower))
    np.add.at(weights, (rows, np.clip(lower + 1, 0, size - 1)), place - lower)
    return tf.constant(weights, tf.float64)


def _by_axes(pool: Callable[..., Any], x: Any, window: Any, strides: Any, padding: str) -> Any:
    """A pooling of (B, D, H, W, C) over height and width, then over depth: both parts of a maximum or of a mean."""
    depth, channels = x.shape[1], x.shape[4]
    planes = pool(tf.reshape(x, (-1, *x.shape[2:])), window[1:], strides[1:], padding)
    height, width = planes.shape[1:3]
    columns = tf.reshape(planes, (-1, depth, height * width, channels))
    pooled = pool(columns, (window[0], 1), (strides[0], 1), padding)
    return tf.reshape(pooled, (-1, pooled.shape[1], height, width, channels))
