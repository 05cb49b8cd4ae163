"""Losses composed of MindSpore's operations: from outputs p or z and targets t (B, C) to sample losses (B,).

The numbers of a word come last as tensors, because MindSpore rounds a Python number to float32. "mean" and
"sum" are over the last axis.
"""

from __future__ import annotations

import math
from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

E = Tensor(math.e, ms.float64)


def mean_squared_logarithmic_error(p: Any, t: Any, epsilon: Any) -> Any:
    """`mean((log(1 + max(p, epsilon)) - log(1 + max(t, epsilon)))**2)`."""
    difference = ops.log1p(_bound_below(p, epsilon)) - ops.log1p(_bound_below(t, epsilon))
    return _mean(difference * difference)


def mean_absolute_percentage_error(p: Any, t: Any, epsilon: Any) -> Any:
    """`100 mean(|p - t| / max(|t|, epsilon))`."""
    return 100 * _mean(ops.abs(p - t) / _bound_below(ops.abs(t), epsilon))


def log_cosh(p: Any, t: Any, log2: Any) -> Any:
    """`mean(log(cosh(p - t)))`."""
    size = ops.abs(p - t)
    # Near 0 the other form cancels, and cosh(e) = 1 + 2 q with q = sinh(e / 2)**2: log(1 + 2 q) = 2 atanh(q / (1 + q)).
    half_sinh = ops.sinh(ops.where(size < 1, size, ops.ones_like(size)) / 2)
    q = half_sinh * half_sinh
    near_zero = 2 * ops.atanh(q / (1 + q))
    return _mean(ops.where(size < 1, near_zero, size + _softplus(-2 * size) - log2))


def cosine_similarity(p: Any, t: Any, epsilon: Any) -> Any:
    """`-sum(p t / (|p| |t|))`, each norm at least epsilon."""
    return -_sum(p / _norm(p, epsilon) * (t / _norm(t, epsilon)))


def asymmetric_linear(p: Any, t: Any, over: Any, under: Any) -> Any:
    """`mean(over d)` where `d = p - t` is positive, else `mean(-under d)`, by element."""
    difference = p - t
    return _mean(ops.where(difference > 0, over * difference, -under * difference))


def categorical_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`-sum(t log(clip(p, lower, upper)))`."""
    return -_sum(t * ops.log(_clip(p, lower, upper)))


def normalized_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """The categorical cross-entropy of `p / sum(p)`."""
    return categorical_cross_entropy(p / p.sum(-1, keepdims=True), t, lower, upper)


def negative_log_likelihood(p: Any, t: Any) -> Any:
    """`-sum(t p)`, with 0 where t is 0 even for an infinite p."""
    return -_sum(t * ops.where(t == 0, ops.zeros_like(p), p))


def binary_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`-mean(t log(q) + (1 - t) log(1 - q))` with `q = clip(p, lower, upper)`."""
    q = _clip(p, lower, upper)
    return -_mean(t * ops.log(q) + (1 - t) * ops.log1p(-q))


def kl_divergence(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`sum(t log(t / p))`, both clipped to the bounds."""
    u = _clip(t, lower, upper)
    return _sum(u * ops.log(u / _clip(p, lower, upper)))


def mean_kl_divergence(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`mean(t log(t / p))`, both clipped to the bounds."""
    u = _clip(t, lower, upper)
    return _mean(u * ops.log(u / _clip(p, lower, upper)))


def smooth_l1(p: Any, t: Any, beta: Any) -> Any:
    """`mean(e**2 / (2 beta))` where `e = |p - t|` is at most beta, else `mean(e - beta / 2)`, by element."""
    size = ops.abs(p - t)
    return _mean(ops.where(size <= beta, size * size / (2 * beta), size - beta / 2))


def poisson(p: Any, t: Any, epsilon: Any) -> Any:
    """`mean(p - t log(p + epsilon))`."""
    return _mean(p - t * ops.log(p + epsilon))


def categorical_hinge(p: Any, t: Any, label_value: Any) -> Any:
    """`max(0, max(rivals) - sum(t p) + 1)`."""
    # `label_value` replaces the label's output. Equal rivals share the gradient, which the native maximum does not.
    rivals = ops.where(t > 0, label_value, p)
    fixed_rivals = ops.stop_gradient(rivals)
    best = _largest(fixed_rivals)
    winners = (fixed_rivals == best).astype(p.dtype)
    share = winners / winners.sum(-1, keepdims=True)
    return _positive_part(best[:, 0] + _sum(share * (rivals - fixed_rivals)) - _sum(t * p) + 1)


def exponential(p: Any, t: Any) -> Any:
    """`mean(exp(-t p))`."""
    # The float32 kernel has a relative error of 2e-5 at large arguments.
    return _mean(ops.exp((-t * p).astype(ms.float64)).astype(p.dtype))


def _mean(x: Any) -> Any:
    return x.mean(-1)


def _sum(x: Any) -> Any:
    return x.sum(-1)


def _norm(x: Any, epsilon: Any) -> Any:
    # The root of 0 has no gradient, so the root is taken of 1 where the norm is replaced by epsilon.
    squares = (x * x).sum(-1, keepdims=True)
    is_long = squares > epsilon * epsilon
    return ops.where(is_long, ops.sqrt(ops.where(is_long, squares, ops.ones_like(squares))), epsilon)


def _softplus(x: Any) -> Any:
    """`log(1 + exp(x))` of x <= 0, to the last digits."""
    # `ops.exp` in float32 on the CPU is up to 1.4e-5 off, a power of e is not; `ops.log1p` is the logarithm of 1 + x.
    power = ops.pow(E.astype(x.dtype), x)
    return 2 * ops.atanh(power / (2 + power))


def _bound_below(x: Any, lower: Any) -> Any:
    return ops.where(x >= lower, x, lower)


def _clip(x: Any, lower: Any, upper: Any) -> Any:
    return ops.where(x >= lower, ops.where(x <= upper, x, upper), lower)


# MindSpore's own classes for these refuse float64, or do not exist.


def mean_squared_error(p: Any, t: Any) -> Any:
    """`mean((p - t)**2)`."""
    return _mean((p - t) * (p - t))


def mean_absolute_error(p: Any, t: Any) -> Any:
    """`mean(|p - t|)`."""
    return _mean(ops.abs(p - t))


def huber(p: Any, t: Any, delta: Any) -> Any:
    """`mean(e**2 / 2)` where `e = |p - t|` is at most delta, else `mean(delta (e - delta / 2))`, by element."""
    size = ops.abs(p - t)
    return _mean(ops.where(size <= delta, size * size / 2, delta * (size - delta / 2)))


def softmax_cross_entropy(z: Any, t: Any) -> Any:
    """`sum(t (log(sum(exp(z))) - z))`, with the largest logit subtracted first."""
    shifted = z - ops.stop_gradient(_largest(z))
    return _sum(t * (ops.log(ops.exp(shifted).sum(-1, keepdims=True)) - shifted))


def sigmoid_cross_entropy(z: Any, t: Any) -> Any:
    """`mean(max(z, 0) - z t + log(1 + exp(-|z|)))`."""
    # Both terms use the same branch, so that the gradient at 0 is that of the formula.
    is_positive = z >= 0
    size = ops.where(is_positive, z, -z)
    return _mean(ops.where(is_positive, z, ops.zeros_like(z)) - z * t + _softplus(-size))


def native_binary_cross_entropy(p: Any, t: Any, lower: Any, upper: Any) -> Any:
    """`ops.binary_cross_entropy` of `clip(p, lower, upper)`."""
    return _mean(ops.binary_cross_entropy(_clip(p, lower, upper), t, ops.ones_like(p), "none"))


def hinge(p: Any, t: Any) -> Any:
    """`mean(max(0, 1 - t p))`."""
    return _mean(_positive_part(1 - t * p))


def squared_hinge(p: Any, t: Any) -> Any:
    """`mean(max(0, 1 - t p)**2)`."""
    shortfall = _positive_part(1 - t * p)
    return _mean(shortfall * shortfall)


def _largest(x: Any) -> Any:
    return ops.amax(x, -1, True)


def _positive_part(x: Any) -> Any:
    """`max(x, 0)`, whose gradient at 0 is 1."""
    return ops.where(x >= 0, x, ops.zeros_like(x))
