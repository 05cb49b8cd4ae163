"""Activations and normalisations in float64, each with the primitive and the arguments of its call."""

from __future__ import annotations

import math
from typing import Any

from mindspore import Tensor, ops

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def relu6(op: Any, x: Any) -> Any:
    return ops.select(x > 0, ops.select(x < _of(6.0, x), x, ops.full_like(x, 6.0)), ops.zeros_like(x))


def celu(op: Any, x: Any) -> Any:
    return _exponential(x, op.alpha, 1.0, 1.0)


def selu(op: Any, x: Any) -> Any:
    return _exponential(x, 1.0, SELU_ALPHA, SELU_SCALE)


def log_softmax(op: Any, x: Any) -> Any:
    return log_softmax_of(x, op.axis)


def log_softmax_of(x: Any, axis: int = -1) -> Any:
    shifted = x - ops.stop_gradient(ops.max(x, axis, True)[0])
    return shifted - ops.log(ops.exp(shifted).sum(axis, keepdims=True))


def softplus(op: Any, x: Any) -> Any:
    return ops.relu(x) + ops.log(_of(1.0, x) + ops.exp(-ops.abs(x)))


def mish(op: Any, x: Any) -> Any:
    return x * ops.tanh(softplus(op, x))


def gelu(op: Any, x: Any) -> Any:
    inner = _of(math.sqrt(2 / math.pi), x) * (x + _of(0.044715, x) * x * x * x)
    return _of(0.5, x) * x * (_of(1.0, x) + ops.tanh(inner))


def fast_gelu(op: Any, x: Any) -> Any:
    return x * ops.sigmoid(_of(1.702, x) * x)


def hard_shrink(op: Any, x: Any) -> Any:
    return ops.select(ops.abs(x) > _of(op.lambd, x), x, ops.zeros_like(x))


def soft_shrink(op: Any, x: Any) -> Any:
    bound = _of(op.lambd, x)
    return ops.select(x > bound, x - bound, ops.select(x < -bound, x + bound, ops.zeros_like(x)))


def prelu(op: Any, x: Any, weight: Any) -> Any:
    slope = weight.reshape(1, -1, *(1,) * (x.ndim - 2)) if x.ndim > 1 else weight
    return ops.select(x > 0, x, slope * x)


def masked_fill(op: Any, x: Any, mask: Any, value: Any) -> Any:
    filling = value.astype(x.dtype) if isinstance(value, Tensor) else _of(value, x)
    return ops.where(mask, filling, x)


def batch_norm(op: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    """As MindSpore's kernel, which normalises by the biased variance and keeps the unbiased one."""
    axes, shape = (0, *range(2, x.ndim)), (1, -1, *(1,) * (x.ndim - 2))
    used_mean, used_variance = mean, variance
    if op.is_training:
        count = x.size // x.shape[1]
        used_mean = x.mean(axes)
        used_variance = ops.square(x - used_mean.reshape(shape)).mean(axes)
        new, old = _of(op.momentum, x), _of(1 - op.momentum, x)
        unbiased = ops.stop_gradient(used_variance) * _of(count / max(count - 1, 1), x)
        ops.assign(mean, old * mean + new * ops.stop_gradient(used_mean))
        ops.assign(variance, old * variance + new * unbiased)
    y = _normalised(x, used_mean.reshape(shape), used_variance.reshape(shape), op.epsilon)
    return y * gamma.reshape(shape) + beta.reshape(shape), used_mean, used_variance, used_mean, used_variance


def instance_norm(op: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    """Each channel of each sample by itself; the moving statistics, which its output never uses, are left."""
    axes, shape = tuple(range(2, x.ndim)), (1, -1, *(1,) * (x.ndim - 2))
    center = x.mean(axes, True)
    spread = ops.square(x - center).mean(axes, True)
    return _normalised(x, center, spread, op.epsilon) * gamma.reshape(shape) + beta.reshape(shape), center, spread


def layer_norm(op: Any, x: Any, gamma: Any, beta: Any) -> Any:
    axes = tuple(range(op.begin_norm_axis % x.ndim, x.ndim))
    center = x.mean(axes, True)
    spread = ops.square(x - center).mean(axes, True)
    return _normalised(x, center, spread, op.epsilon) * gamma + beta, center, spread


def local_response_norm(op: Any, x: Any) -> Any:
    """x / (bias + alpha * sum of the squares of the channels within depth_radius) ** beta."""
    squares, channels, radius = ops.square(x), x.shape[1], op.depth_radius
    sums = [squares[:, max(c - radius, 0) : c + radius + 1].sum(1, keepdims=True) for c in range(channels)]
    return x / ops.pow(_of(op.bias, x) + _of(op.alpha, x) * ops.concat(sums, 1), _of(op.beta, x))


def standard_deviation(op: Any, x: Any) -> Any:
    """ops.ReduceStd: the standard deviation and the mean."""
    axes = op.axis if isinstance(op.axis, int) else tuple(op.axis) or tuple(range(x.ndim))
    mean = x.mean(axes, True)
    squares = ops.square(x - mean)
    count = x.size // squares.sum(axes).size
    variance = squares.sum(axes, keepdims=op.keep_dims) / _of(count - int(op.unbiased), x)
    return ops.sqrt(variance), x.mean(axes, op.keep_dims)


def lstm(op: Any, x: Any, hidden: Any, cell: Any, weights: Any) -> Any:
    """ops.LSTM of one layer in one direction: x (T, B, I), states (1, B, H); gates input, forget, cell, output."""
    size, inputs = op.hidden_size, op.input_size
    flat = weights.reshape(-1)
    to_input = flat[: 4 * size * inputs].reshape(4 * size, inputs)
    to_hidden = flat[4 * size * inputs : 4 * size * (inputs + size)].reshape(4 * size, size)
    h, c, steps = hidden[0], cell[0], []
    for t in range(x.shape[0]):
        gates = ops.matmul(x[t], to_input.T) + ops.matmul(h, to_hidden.T)
        if op.has_bias:
            gates = gates + flat[4 * size * (inputs + size) :][: 4 * size]
        into, forget, candidate, out = (gates[:, n * size : (n + 1) * size] for n in range(4))
        c = ops.sigmoid(forget) * c + ops.sigmoid(into) * ops.tanh(candidate)
        h = ops.sigmoid(out) * ops.tanh(c)
        steps.append(h)
    return ops.stack(steps), h.expand_dims(0), c.expand_dims(0), h, c


def _exponential(x: Any, width: float, scale: float, whole: float) -> Any:
    below = _of(scale * width, x) * (ops.exp(-ops.relu(-x) / _of(width, x)) - _of(1.0, x))
    return _of(whole, x) * ops.select(x > 0, x, below)


def _normalised(x: Any, mean: Any, variance: Any, epsilon: float) -> Any:
    return (x - mean) / ops.sqrt(variance + _of(epsilon, x))


def _of(number: float, x: Any) -> Any:
    """The number in the precision of x; beside a tensor, MindSpore takes a Python number in float32."""
    return Tensor(number, x.dtype)
