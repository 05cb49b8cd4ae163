"""The formula of each loss with its gradient: from outputs and targets (B, C) to losses (B,) and slopes (B, C).

Each is written so that it neither overflows nor loses its digits where the loss itself does not.
"""

from __future__ import annotations

import numpy as np

from adapters.protocol import Array
from adapters.reference.cancellation import remainder
from harness.spec import losses as spec

LossesAndSlopes = tuple[Array, Array]


def mean_squared_error(_: spec.MeanSquaredError, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    return (e * e).mean(axis=-1), e * p.dtype.type(2 / p.shape[-1])


def mean_absolute_error(_: spec.MeanAbsoluteError, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    return np.abs(e).mean(axis=-1), np.sign(e) / p.shape[-1]


def mean_squared_logarithmic_error(s: spec.MeanSquaredLogarithmicError, p: Array, t: Array) -> LossesAndSlopes:
    q, inside = np.maximum(p, s.epsilon), p >= p.dtype.type(s.epsilon)
    e = np.log1p(q) - np.log1p(np.maximum(t, s.epsilon))
    return (e * e).mean(axis=-1), np.where(inside, 2 * e / (1 + q), 0) / p.shape[-1]


def mean_absolute_percentage_error(s: spec.MeanAbsolutePercentageError, p: Array, t: Array) -> LossesAndSlopes:
    size, e = np.maximum(np.abs(t), s.epsilon), p - t
    return 100 * np.abs(e / size).mean(axis=-1), 100 * np.sign(e) / size / p.shape[-1]


def huber(s: spec.Huber, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    size = np.abs(e)
    value = np.where(size <= s.delta, e * e / 2, s.delta * (size - s.delta / 2))
    return value.mean(axis=-1), np.clip(e, -s.delta, s.delta) / p.shape[-1]


def smooth_l1(s: spec.SmoothL1, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    size = np.abs(e)
    value = np.where(size <= s.beta, e * e / (2 * s.beta), size - s.beta / 2)
    return value.mean(axis=-1), np.clip(e / s.beta, -1, 1) / p.shape[-1]


def log_cosh(_: spec.LogCosh, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    size = np.abs(e)
    # Near 0 by cosh(e) = 1 + 2 sinh(e / 2)**2, further out by cosh(e) = exp(|e|) (1 + exp(-2 |e|)) / 2.
    near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
    value = np.where(size < 1, near, size + np.log1p(np.exp(-2 * size)) - p.dtype.type(np.log(2)))
    return value.mean(axis=-1), np.tanh(e) / p.shape[-1]


def cosine_similarity(s: spec.CosineSimilarity, p: Array, t: Array) -> LossesAndSlopes:
    length, u = _norm(p, s.epsilon), t / _norm(t, s.epsilon)
    v = p / length
    cosine = (u * v).sum(axis=-1, keepdims=True)
    # Where the length is epsilon it does not change with p.
    along = np.where(length > p.dtype.type(s.epsilon), cosine * v, 0)
    return -cosine[:, 0], remainder(along - u, u, -1) / length


def _norm(x: Array, epsilon: float) -> Array:
    return np.maximum(np.sqrt((x * x).sum(axis=-1, keepdims=True)), epsilon)


def asymmetric_linear(s: spec.AsymmetricLinear, p: Array, t: Array) -> LossesAndSlopes:
    e = p - t
    slope = np.where(e > 0, p.dtype.type(s.over), -p.dtype.type(s.under))
    return (slope * e).mean(axis=-1), slope / p.shape[-1]


def softmax_cross_entropy(s: spec.SoftmaxCrossEntropy, z: Array, t: Array) -> LossesAndSlopes:
    smoothing = z.dtype.type(s.label_smoothing)
    u = t * (1 - smoothing) + smoothing / z.dtype.type(z.shape[-1])
    shifted = z - z.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=-1, keepdims=True)
    mass = u.sum(axis=-1, keepdims=True)
    # sum_j u_j (log(total) - shifted_j), each term of which is at least 0
    value = (u * (np.log(total) - shifted)).sum(axis=-1)
    return value, mass * (powers / total) - u


def categorical_cross_entropy(s: spec.CategoricalCrossEntropy, p: Array, t: Array) -> LossesAndSlopes:
    total = p.sum(axis=-1, keepdims=True) if s.normalize else p.dtype.type(1)
    share = p / total
    q, inside = _within(share, s.epsilon, 1 - s.epsilon)
    slope = np.where(inside, -t / q, 0)
    if s.normalize:
        slope = remainder(slope - (slope * share).sum(axis=-1, keepdims=True), slope, -1) / total
    return -(t * np.log(q)).sum(axis=-1), slope


def _within(p: Array, low: float, high: float) -> tuple[Array, Array]:
    """p between two bounds, and where it was."""
    least, most = p.dtype.type(low), p.dtype.type(high)
    return np.clip(p, least, most), (p >= least) & (p <= most)


def negative_log_likelihood(_: spec.NegativeLogLikelihood, p: Array, t: Array) -> LossesAndSlopes:
    return -np.where(t == 0, 0, t * np.where(t == 0, 0, p)).sum(axis=-1), -t


def sigmoid_cross_entropy(_: spec.SigmoidCrossEntropy, z: Array, t: Array) -> LossesAndSlopes:
    small = np.exp(-np.abs(z))
    value = np.maximum(z, 0) - z * t + np.log1p(small)
    sigmoid = np.where(z >= 0, 1, small) / (1 + small)
    return value.mean(axis=-1), (sigmoid - t) / z.shape[-1]


def binary_cross_entropy(s: spec.BinaryCrossEntropy, p: Array, t: Array) -> LossesAndSlopes:
    q, inside = _within(p, s.epsilon, 1 - s.epsilon)
    value = -(t * np.log(q) + (1 - t) * np.log1p(-q))
    return value.mean(axis=-1), np.where(inside, (1 - t) / (1 - q) - t / q, 0) / p.shape[-1]


def kl_divergence(s: spec.KlDivergence, p: Array, t: Array) -> LossesAndSlopes:
    q, inside = _within(p, s.epsilon, 1)
    u = _within(t, s.epsilon, 1)[0]
    divisor = p.shape[-1] if s.classes == "averaged" else 1
    return (u * np.log(u / q)).sum(axis=-1) / divisor, np.where(inside, -u / q, 0) / divisor


def poisson(s: spec.Poisson, p: Array, t: Array) -> LossesAndSlopes:
    q = p + p.dtype.type(s.epsilon)
    return (p - t * np.log(q)).mean(axis=-1), (1 - t / q) / p.shape[-1]


def hinge(_: spec.Hinge, p: Array, t: Array) -> LossesAndSlopes:
    lack = 1 - t * p
    return np.maximum(lack, 0).mean(axis=-1), np.where(lack >= 0, -t, 0) / p.shape[-1]


def squared_hinge(_: spec.SquaredHinge, p: Array, t: Array) -> LossesAndSlopes:
    lack = np.maximum(1 - t * p, 0)
    return (lack * lack).mean(axis=-1), -2 * lack * t / p.shape[-1]


def categorical_hinge(s: spec.CategoricalHinge, p: Array, t: Array) -> LossesAndSlopes:
    # The label's own place stands for the rival 0, or for one that never wins.
    rivals = np.where(t > 0, p.dtype.type(0 if s.zero_competes else -np.inf), p)
    best = rivals.max(axis=-1, keepdims=True)
    winners = rivals == best
    share = winners / winners.sum(axis=-1, keepdims=True).astype(p.dtype)
    lack = best[:, 0] - (t * p).sum(axis=-1) + 1
    slope = np.where(t > 0, 0, share) - t
    return np.maximum(lack, 0), np.where(lack[:, None] >= 0, slope, 0)


def exponential(_: spec.Exponential, p: Array, t: Array) -> LossesAndSlopes:
    value = np.exp(-t * p)
    return value.mean(axis=-1), -t * value / p.shape[-1]
