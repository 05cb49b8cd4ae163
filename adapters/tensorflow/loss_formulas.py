"""Losses composed of TensorFlow's operations: from outputs and targets (B, C) to the loss of each sample, (B,)."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from harness.spec import losses as spec


def mean_squared_logarithmic_error(s: spec.MeanSquaredLogarithmicError, p: Any, t: Any) -> Any:
    difference = tf.math.log1p(_at_least(p, s.epsilon)) - tf.math.log1p(_at_least(t, s.epsilon))
    return tf.reduce_mean(difference * difference, -1)


def mean_absolute_percentage_error(s: spec.MeanAbsolutePercentageError, p: Any, t: Any) -> Any:
    return 100 * tf.reduce_mean(tf.abs(p - t) / _at_least(tf.abs(t), s.epsilon), -1)


def log_cosh(_: spec.LogCosh, p: Any, t: Any) -> Any:
    size = tf.abs(p - t)
    # cosh(e) - 1 = expm1(e)**2 / (2 exp(e)) near 0, where the other form cancels.
    grown = tf.math.expm1(tf.minimum(size, 1))
    near = tf.math.log1p(grown * grown / (2 * (grown + 1)))
    return tf.reduce_mean(tf.where(size < 1, near, size + tf.math.log1p(tf.exp(-2 * size)) - math.log(2)), -1)


def cosine_similarity(s: spec.CosineSimilarity, p: Any, t: Any) -> Any:
    return -tf.reduce_sum(p / _norm(p, s.epsilon) * (t / _norm(t, s.epsilon)), -1)


def _norm(x: Any, epsilon: float) -> Any:
    # The root of 0 has no gradient: it is taken of 1 where the norm does not count.
    squares = tf.reduce_sum(x * x, -1, keepdims=True)
    least = tf.constant(epsilon, x.dtype)
    long = squares > least * least
    return tf.where(long, tf.sqrt(tf.where(long, squares, tf.ones_like(squares))), least)


def asymmetric_linear(s: spec.AsymmetricLinear, p: Any, t: Any) -> Any:
    difference = p - t
    return tf.reduce_mean(tf.where(difference > 0, s.over * difference, -s.under * difference), -1)


def categorical_cross_entropy(s: spec.CategoricalCrossEntropy, p: Any, t: Any) -> Any:
    share = p / tf.reduce_sum(p, -1, keepdims=True) if s.normalize else p
    return -tf.reduce_sum(t * tf.math.log(tf.clip_by_value(share, s.epsilon, 1 - s.epsilon)), -1)


def negative_log_likelihood(_: spec.NegativeLogLikelihood, p: Any, t: Any) -> Any:
    zero = tf.zeros_like(p)
    return -tf.reduce_sum(t * tf.where(t == 0, zero, p), -1)


def binary_cross_entropy(s: spec.BinaryCrossEntropy, p: Any, t: Any) -> Any:
    q = tf.clip_by_value(p, s.epsilon, 1 - s.epsilon)
    return -tf.reduce_mean(t * tf.math.log(q) + (1 - t) * tf.math.log1p(-q), -1)


def kl_divergence(s: spec.KlDivergence, p: Any, t: Any) -> Any:
    u = tf.clip_by_value(t, s.epsilon, 1)
    return tf.reduce_sum(u * tf.math.log(u / tf.clip_by_value(p, s.epsilon, 1)), -1)


def poisson(s: spec.Poisson, p: Any, t: Any) -> Any:
    return tf.reduce_mean(p - t * tf.math.log(p + s.epsilon), -1)


def categorical_hinge(s: spec.CategoricalHinge, p: Any, t: Any) -> Any:
    # The label's own place stands for the rival 0, or for one that never wins.
    own = tf.constant(0 if s.zero_competes else p.dtype.min, p.dtype)
    best = tf.reduce_max(tf.where(t > 0, own, p), -1)
    return tf.maximum(best - tf.reduce_sum(t * p, -1) + 1, 0)


def exponential(_: spec.Exponential, p: Any, t: Any) -> Any:
    return tf.reduce_mean(tf.exp(-t * p), -1)


def _at_least(x: Any, least: float) -> Any:
    return tf.maximum(x, tf.constant(least, x.dtype))  # tf.cast would take it in float32
