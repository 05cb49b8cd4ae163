"""Value and pullback of each activation: `(f(x), dy -> dx)`, in the dtype of `x`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import NO_NOISE, Array, Parameters, made_by
from harness.spec import activations as spec

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]
Function = Callable[[Any, Array], tuple[Array, Callable[[Array], Array]]]


def activate(word: spec.Activation, x: Array, extra: Parameters = NO_NOISE) -> tuple[Array, Pullback]:
    """The value, and what gives the gradient by x and by what is learned. `extra`: parameters, noise in training."""
    y, pullback = made_by(ACTIVATIONS, word, "reference")(word, x)
    return y, lambda dy: (pullback(dy), {})


def linear(_: spec.Linear, x: Array) -> Any:
    return x, lambda dy: dy


def sigmoid(_: spec.Sigmoid, x: Array) -> Any:
    # By the sign of x, so that exp never overflows.
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, small) / (1 + small)
    return y, lambda dy: dy * y * (1 - y)


def tanh(_: spec.Tanh, x: Array) -> Any:
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def relu(_: spec.Relu, x: Array) -> Any:
    return np.maximum(x, 0), lambda dy: np.where(x > 0, dy, 0)


def softmax(_: spec.Softmax, x: Array) -> Any:
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    y = shifted / shifted.sum(axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[type[spec.Activation], Function] = {
    spec.Linear: linear,
    spec.Sigmoid: sigmoid,
    spec.Tanh: tanh,
    spec.Relu: relu,
    spec.Softmax: softmax,
}
