"""Activations as MindSpore operations on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import ops

from adapters.protocol import Realisation, made_by
from harness.spec import activations as spec


def linear(_: spec.Linear) -> Any:
    return _identity


def sigmoid(_: spec.Sigmoid) -> Any:
    return ops.sigmoid


def tanh(_: spec.Tanh) -> Any:
    return ops.tanh


def relu(_: spec.Relu) -> Any:
    return ops.relu  # its gradient at 0 is 0


def softmax(_: spec.Softmax) -> Any:
    return _softmax_last_axis


ACTIVATIONS: dict[type[spec.Activation], tuple[Realisation, Callable[[Any], Any]]] = {
    spec.Linear: (Realisation("native", "no operation"), linear),
    spec.Sigmoid: (Realisation("native", "ops.sigmoid"), sigmoid),
    spec.Tanh: (Realisation("native", "ops.tanh"), tanh),
    spec.Relu: (Realisation("native", "ops.relu"), relu),
    spec.Softmax: (Realisation("native", "ops.softmax"), softmax),
}


def activation(word: spec.Activation) -> Any:
    """A function from tensor to tensor."""
    return made_by(ACTIVATIONS, word, "mindspore")[1](word)


def _identity(x: Any) -> Any:
    return x


def _softmax_last_axis(x: Any) -> Any:
    return ops.softmax(x, -1)
