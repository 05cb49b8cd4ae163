"""Losses composed of TensorFlow's operations: from outputs and targets (B, C) to the loss of each sample, (B,).

The numbers of a word come last, as tensors: `tf.cast` would take a Python number in float32.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def mean_squared_logarithmic_error(p: Any, t: Any, epsilon: Any) -> Any:
    difference = tf.math.log1p(_at_least(p, epsilon)) - tf.math.log1p(_at_least(t, epsilon))
    return _mean(difference * difference)


def mean_absolute_percentage_error(p: Any, t: Any, epsilon: Any) -> Any:
    return 100 * _mean(tf.abs(p - t) / _at_least(tf.abs(t), epsilon))


def log_cosh(p: Any, t: Any, log2: Any) -> Any:
    size = tf.abs(p - t)
    # cosh(e) - 1 = expm1(e)**2 / (2 exp(e)) near 0, where the other form cancels.
    grown = tf.math.expm1(tf.minimum(size, 1))
    near = tf.math.log1p(grown * grown / (2 * (grown + 1)))
    return _mean(tf.where(size < 1, near, size + tf.math.log1p(tf.exp(-2 * size)) - log2))


def cosine_similarity(p: Any, t: Any, epsilon: Any) -> Any:
    return -_sum(p / _norm(p, epsilon) * (t / _norm(t, epsilon)))


def asymmetric_linear(p: Any, t: Any, over: Any, under: Any) -> Any:
    difference = p - t
    return _mean(tf.where(difference > 0, over * difference, -under * difference))


def categorical_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    return -_sum(t * tf.math.log(_within(p, least, most)))


def normalized_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    return categorical_cross_entropy(p / tf.reduce_sum(p, -1, keepdims=True), t, least, most)


def negative_log_likelihood(p: Any, t: Any) -> Any:
    return -_sum(t * tf.where(t == 0, tf.zeros_like(p), p))


def binary_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    q = _within(p, least, most)
    return -_mean(t * tf.math.log(q) + (1 - t) * tf.math.log1p(-q))


def kl_divergence(p: Any, t: Any, least: Any, most: Any) -> Any:
    u = _within(t, least, most)
    return _sum(u * tf.math.log(u / _within(p, least, most)))


def poisson(p: Any, t: Any, epsilon: Any) -> Any:
    return _mean(p - t * tf.math.log(p + epsilon))


def categorical_hinge(p: Any, t: Any, own: Any) -> Any:
    # The label's own place holds `own`: the rival 0, or one that never wins.
    best = tf.reduce_max(tf.where(t > 0, own, p), -1)
    return tf.maximum(best - _sum(t * p) + 1, 0)


def exponential(p: Any, t: Any) -> Any:
    return _mean(tf.exp(-t * p))


def _mean(x: Any) -> Any:
    return tf.reduce_mean(x, -1)


def _sum(x: Any) -> Any:
    return tf.reduce_sum(x, -1)


def _norm(x: Any, epsilon: Any) -> Any:
    # The root of 0 has no gradient: it is taken of 1 where the norm does not count.
    squares = tf.reduce_sum(x * x, -1, keepdims=True)
    long = squares > epsilon * epsilon
    return tf.where(long, tf.sqrt(tf.where(long, squares, tf.ones_like(squares))), epsilon)


def _at_least(x: Any, least: Any) -> Any:
    return tf.maximum(x, least)


def _within(x: Any, least: Any, most: Any) -> Any:
    return tf.clip_by_value(x, least, most)
