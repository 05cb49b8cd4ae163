"""Losses composed of TensorFlow's operations: from outputs p and targets t (B, C) to sample losses (B,).

The numbers of a word come last as tensors, because `tf.cast` rounds a Python number to float32. "mean" and
"sum" are over the last axis.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def mean_squared_logarithmic_error(p: Any, t: Any, epsilon: Any) -> Any:
    """`mean((log(1 + max(p, epsilon)) - log(1 + max(t, epsilon)))**2)`."""
    difference = tf.math.log1p(_bound_below(p, epsilon)) - tf.math.log1p(_bound_below(t, epsilon))
    return _mean(difference * difference)


def mean_absolute_percentage_error(p: Any, t: Any, epsilon: Any) -> Any:
    """`100 mean(|p - t| / max(|t|, epsilon))`."""
    return 100 * _mean(tf.abs(p - t) / _bound_below(tf.abs(t), epsilon))


def log_cosh(p: Any, t: Any, log2: Any) -> Any:
    """`mean(log(cosh(p - t)))`."""
    size = tf.abs(p - t)
    # Near 0 the other form cancels, and cosh(e) = 1 + 2 q with q = sinh(e / 2)**2: log(1 + 2 q) = 2 atanh(q / (1 + q)).
    half_sinh = tf.math.sinh(tf.minimum(size, 1) / 2)
    q = half_sinh * half_sinh
    near_zero = 2 * tf.math.atanh(q / (1 + q))
    return _mean(tf.where(size < 1, near_zero, size + tf.math.log1p(tf.exp(-2 * size)) - log2))


def cosine_similarity(p: Any, t: Any, epsilon: Any) -> Any:
    """`-sum(p t / (|p| |t|))`, each norm at least epsilon."""
    return -_sum(p / _norm(p, epsilon) * (t / _norm(t, epsilon)))


def asymmetric_linear(p: Any, t: Any, over: Any, under: Any) -> Any:
    """`mean(over d)` where `d = p - t` is positive, else `mean(-under d)`, by element."""
    difference = p - t
    return _mean(tf.where(difference > 0, over * difference, -under * difference))


def categorical_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`-sum(t log(clip(p, lower, upper)))`."""
    return -_sum(t * tf.math.log(_clip(p, lower, upper)))


def normalized_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """The categorical cross-entropy of `p / sum(p)`."""
    return categorical_cross_entropy(p / tf.reduce_sum(p, -1, keepdims=True), t, lower, upper)


def negative_log_likelihood(p: Any, t: Any) -> Any:
    """`-sum(t p)`, with 0 where t is 0 even for an infinite p."""
    return -_sum(t * tf.where(t == 0, tf.zeros_like(p), p))


def binary_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`-mean(t log(q) + (1 - t) log(1 - q))` with `q = clip(p, lower, upper)`."""
    q = _clip(p, lower, upper)
    return -_mean(t * tf.math.log(q) + (1 - t) * tf.math.log1p(-q))


def kl_divergence(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`sum(t log(t / p))`, both clipped to the bounds."""
    u = _clip(t, lower, upper)
    return _sum(u * tf.math.log(u / _clip(p, lower, upper)))


def mean_kl_divergence(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`mean(t log(t / p))`, both clipped to the bounds."""
    u = _clip(t, lower, upper)
    return _mean(u * tf.math.log(u / _clip(p, lower, upper)))


def smooth_l1(p: Any, t: Any, beta: Any) -> Any:
    """`mean(e**2 / (2 beta))` where `e = |p - t|` is at most beta, else `mean(e - beta / 2)`, by element."""
    size = tf.abs(p - t)
    return _mean(tf.where(size <= beta, size * size / (2 * beta), size - beta / 2))


def poisson(p: Any, t: Any, epsilon: Any) -> Any:
    """`mean(p - t log(p + epsilon))`."""
    return _mean(p - t * tf.math.log(p + epsilon))


def categorical_hinge(p: Any, t: Any, label_value: Any) -> Any:
    """`max(0, max(rivals) - sum(t p) + 1)`."""
    # `label_value` replaces the label's output: 0 as a rival, or a number that never wins.
    best = tf.reduce_max(tf.where(t > 0, label_value, p), -1)
    return tf.maximum(best - _sum(t * p) + 1, 0)


def exponential(p: Any, t: Any) -> Any:
    """`mean(exp(-t p))`."""
    return _mean(tf.exp(-t * p))


def _mean(x: Any) -> Any:
    return tf.reduce_mean(x, -1)


def _sum(x: Any) -> Any:
    return tf.reduce_sum(x, -1)


def _norm(x: Any, epsilon: Any) -> Any:
    # The root of 0 has no gradient, so the root is taken of 1 where the norm is replaced by epsilon.
    squares = tf.reduce_sum(x * x, -1, keepdims=True)
    is_long = squares > epsilon * epsilon
    return tf.where(is_long, tf.sqrt(tf.where(is_long, squares, tf.ones_like(squares))), epsilon)


def _bound_below(x: Any, lower: Any) -> Any:
    return tf.maximum(x, lower)


def _clip(x: Any, lower: Any, upper: Any) -> Any:
    return tf.clip_by_value(x, lower, upper)
