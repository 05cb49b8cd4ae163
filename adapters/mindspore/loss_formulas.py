"""Losses composed of MindSpore's operations: from outputs and targets (B, C) to the loss of each sample, (B,).

The numbers of a word come last, as tensors: a Python number would meet a float64 tensor as float32.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import ops


def mean_squared_logarithmic_error(p: Any, t: Any, epsilon: Any) -> Any:
    difference = ops.log1p(_at_least(p, epsilon)) - ops.log1p(_at_least(t, epsilon))
    return _mean(difference * difference)


def mean_absolute_percentage_error(p: Any, t: Any, epsilon: Any) -> Any:
    return 100 * _mean(ops.abs(p - t) / _at_least(ops.abs(t), epsilon))


def log_cosh(p: Any, t: Any, log2: Any) -> Any:
    size = ops.abs(p - t)
    # cosh(e) - 1 = expm1(e)**2 / (2 exp(e)) near 0, where the other form cancels.
    grown = ops.expm1(ops.where(size < 1, size, ops.ones_like(size)))
    near = ops.log1p(grown * grown / (2 * (grown + 1)))
    return _mean(ops.where(size < 1, near, size + ops.log1p(ops.exp(-2 * size)) - log2))


def cosine_similarity(p: Any, t: Any, epsilon: Any) -> Any:
    return -_sum(p / _norm(p, epsilon) * (t / _norm(t, epsilon)))


def asymmetric_linear(p: Any, t: Any, over: Any, under: Any) -> Any:
    difference = p - t
    return _mean(ops.where(difference > 0, over * difference, -under * difference))


def categorical_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    return -_sum(t * ops.log(_within(p, least, most)))


def normalized_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    return categorical_cross_entropy(p / p.sum(-1, keepdims=True), t, least, most)


def negative_log_likelihood(p: Any, t: Any) -> Any:
    return -_sum(t * ops.where(t == 0, ops.zeros_like(p), p))


def binary_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    q = _within(p, least, most)
    return -_mean(t * ops.log(q) + (1 - t) * ops.log1p(-q))


def kl_divergence(p: Any, t: Any, least: Any, most: Any) -> Any:
    u = _within(t, least, most)
    return _sum(u * ops.log(u / _within(p, least, most)))


def poisson(p: Any, t: Any, epsilon: Any) -> Any:
    return _mean(p - t * ops.log(p + epsilon))


def categorical_hinge(p: Any, t: Any, own: Any) -> Any:
    # The label's own place holds `own`. Equal rivals share the gradient: the native maximum gives it to the first.
    rivals = ops.where(t > 0, own, p)
    fixed = ops.stop_gradient(rivals)
    best = _largest(fixed)
    winners = (fixed == best).astype(p.dtype)
    share = winners / winners.sum(-1, keepdims=True)
    return _positive_part(best[:, 0] + _sum(share * (rivals - fixed)) - _sum(t * p) + 1)


def exponential(p: Any, t: Any) -> Any:
    # The float32 kernel is 2e-5 off, relatively, far out.
    return _mean(ops.exp((-t * p).astype(ms.float64)).astype(p.dtype))


def _mean(x: Any) -> Any:
    return x.mean(-1)


def _sum(x: Any) -> Any:
    return x.sum(-1)


def _norm(x: Any, epsilon: Any) -> Any:
    # The root of 0 has no gradient: it is taken of 1 where the norm does not count.
    squares = (x * x).sum(-1, keepdims=True)
    long = squares > epsilon * epsilon
    return ops.where(long, ops.sqrt(ops.where(long, squares, ops.ones_like(squares))), epsilon)


def _at_least(x: Any, least: Any) -> Any:
    return ops.where(x >= least, x, least)


def _within(x: Any, least: Any, most: Any) -> Any:
    return ops.where(x >= least, ops.where(x <= most, x, most), least)


# MindSpore's own classes for these refuse float64, or there are none.


def mean_squared_error(p: Any, t: Any) -> Any:
    return _mean((p - t) * (p - t))


def mean_absolute_error(p: Any, t: Any) -> Any:
    return _mean(ops.abs(p - t))


def huber(p: Any, t: Any, delta: Any) -> Any:
    size = ops.abs(p - t)
    return _mean(ops.where(size <= delta, size * size / 2, delta * (size - delta / 2)))


def softmax_cross_entropy(z: Any, t: Any) -> Any:
    shifted = z - ops.stop_gradient(_largest(z))
    return _sum(t * (ops.log(ops.exp(shifted).sum(-1, keepdims=True)) - shifted))


def sigmoid_cross_entropy(z: Any, t: Any) -> Any:
    # Both branches belong together, so that the gradient at 0 is that of the formula.
    above = z >= 0
    size = ops.where(above, z, -z)
    return _mean(ops.where(above, z, ops.zeros_like(z)) - z * t + ops.log1p(ops.exp(-size)))


def native_binary_cross_entropy(p: Any, t: Any, least: Any, most: Any) -> Any:
    return _mean(ops.binary_cross_entropy(_within(p, least, most), t, ops.ones_like(p), "none"))


def hinge(p: Any, t: Any) -> Any:
    return _mean(_positive_part(1 - t * p))


def squared_hinge(p: Any, t: Any) -> Any:
    lack = _positive_part(1 - t * p)
    return _mean(lack * lack)


def _largest(x: Any) -> Any:
    return ops.amax(x, -1, True)


def _positive_part(x: Any) -> Any:
    """With the gradient of above at 0."""
    return ops.where(x >= 0, x, ops.zeros_like(x))
